"""Messages of ROS as lines for the Robowatch agent on this computer. Needs only Python 3.8 and its standard library.

Works with any object that has the fields of sensor_msgs/BatteryState and diagnostic_msgs/DiagnosticArray: ROS 2, ROS 1.
"""

import math
import os
import socket
import time

ADDRESS = os.environ.get("ROBOWATCH_LISTEN", "udp://127.0.0.1:8094")
# Of loopback datagrams; Telegraf takes up to 64 KiB.
MOST_BYTES = 8000
MOST_COMPONENTS = 200
STALE_S = 30
FORGOTTEN_S = 3600

STATUS = ["Unknown", "Charging", "Discharging", "Not charging", "Full"]
HEALTH = ["Unknown", "Good", "Overheat", "Dead", "Overvoltage", "Failure", "Cold", "Watchdog expired", "Timer expired"]
LEVELS = ["ok", "warning", "error", "stale"]
STALE = 3


def _key(text):
    clean = str(text).replace("\\", "/").replace("\n", " ").strip()[:200] or "-"
    return clean.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}i"
    if isinstance(value, str):
        clean = value.replace("\n", " ").strip()[:200].replace("\\", "\\\\").replace('"', '\\"')
        return f'"{clean}"'
    return repr(round(float(value), 4)) if math.isfinite(value) else None


def line(measurement, fields, tags=None):
    """One line of line protocol without a time: Telegraf takes that of its arrival. None if no field has a value.

    Fields are numbers, booleans or texts; None, NaN and infinite ones are left out.
    """
    known = {key: _value(value) for key, value in fields.items() if value is not None}
    pairs = [f"{_key(key)}={value}" for key, value in known.items() if value is not None]
    if not pairs:
        return None
    series = "".join(f",{_key(key)}={_key(value)}" for key, value in sorted((tags or {}).items()))
    return f"{_key(measurement)}{series} {','.join(pairs)}"


def _named(names, number):
    number = number[0] if isinstance(number, (bytes, bytearray)) else int(number)
    return number, names[number] if 0 <= number < len(names) else names[0]


def battery_line(message, name):
    """A sensor_msgs/BatteryState: volts, amperes (negative while discharging), watts, percent, °C; what is unknown is NaN."""
    volt, ampere = message.voltage, message.current
    # The lowest of the cells tells a failing one, long before the whole does.
    cells = [cell for cell in message.cell_voltage if math.isfinite(cell)]
    fields = {
        "percent": message.percentage * 100,
        "volt": volt,
        "ampere": ampere,
        "watt": volt * ampere,
        "temperature_c": getattr(message, "temperature", math.nan),
        "lowest_cell_volt": min(cells, default=None),
        "status": _named(STATUS, message.power_supply_status)[1],
        "health": _named(HEALTH, message.power_supply_health)[1],
        "present": bool(message.present),
    }
    return line("ros_battery", fields, {"name": message.location or name})


def diagnostic_line(component, level, message):
    """`level` as diagnostic_msgs/DiagnosticStatus has it: 0 ok, 1 warning, 2 error, 3 stale."""
    state = LEVELS[level] if 0 <= level < len(LEVELS) else LEVELS[STALE]
    return line("ros_diagnostics", {"level": level, "state": state, "message": message}, {"component": component})


class Newest:
    """Keeps the newest message of each battery and component, so that fast topics are sent at the pace of lines()."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._batteries = {}
        self._components = {}

    def battery(self, name, message):
        self._batteries[name] = message

    def diagnostics(self, message):
        for status in message.status:
            if status.name in self._components or len(self._components) < MOST_COMPONENTS:
                level, _ = _named(LEVELS, status.level)
                self._components[status.name] = (self._clock(), level, status.message)

    def lines(self):
        """What to send now. A battery is told once a message; a component that fell silent is stale, for an hour."""
        found = [battery_line(message, name) for name, message in self._batteries.items()]
        self._batteries.clear()
        now = self._clock()
        for name, (at, level, message) in list(self._components.items()):
            if now - at > FORGOTTEN_S:
                del self._components[name]
            found.append(diagnostic_line(name, STALE if now - at > STALE_S else level, message))
        return [one for one in found if one]


def send(lines, address=ADDRESS):
    """Sends lines to the agent. Never blocks and never fails because the agent is not there: then they are lost."""
    host, port = address[len("udp://") :].rsplit(":", 1)
    bodies = [""]
    for one in lines:
        if bodies[-1] and len((bodies[-1] + one).encode()) > MOST_BYTES:
            bodies.append("")
        bodies[-1] += one + "\n"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        for body in filter(None, bodies):
            try:
                udp.sendto(body.encode(), (host, int(port)))
            except OSError:
                pass
