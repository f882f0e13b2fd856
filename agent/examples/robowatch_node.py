"""A ROS 2 node that tells the Robowatch agent on this computer of batteries and diagnostics.

    python3 robowatch_node.py --ros-args -p batteries:="[/battery_state, /arm/battery_state]" -p period_s:=10.0
"""

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import BatteryState

from robowatch_lines import Newest, send


class Robowatch(Node):
    def __init__(self):
        super().__init__("robowatch")
        self._newest = Newest()
        batteries = self.declare_parameter("batteries", ["/battery_state"]).value
        diagnostics = self.declare_parameter("diagnostics", "/diagnostics").value
        period_s = self.declare_parameter("period_s", 10.0).value
        for topic in batteries:
            # `best effort` also hears publishers that are reliable.
            self.create_subscription(
                BatteryState,
                topic,
                lambda message, topic=topic: self._newest.battery(topic, message),
                qos_profile_sensor_data,
            )
        self.create_subscription(DiagnosticArray, diagnostics, self._newest.diagnostics, 10)
        self.create_timer(period_s, lambda: send(self._newest.lines()))


def main():
    rclpy.init()
    node = Robowatch()
    try:
        rclpy.spin(node)
    except KeyboardInterrupt:
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
