/** Test reports of robots: five minutes of known values, with two minutes of silence and a reboot near the end. */
export const STEPS = 30;
const STEP_MS = 10_000;
const START = Math.floor(Date.now() / 60_000) * 60_000 - 8 * 60_000;
/** ms since 1970; the first step is on a whole minute. */
export const timeOf = (step: number) => START + step * STEP_MS;
/** Steps without a report. */
export const GAP = Array.from({ length: 12 }, (_, i) => 12 + i);
/** The counters restart here. */
export const RESET_AT = 27;
export const ODD_MEASUREMENT = 'joint/1.speed "a" $x (b)';

/** @param which number that makes the robot's values unique. Times are in microseconds. */
export function reports(which: number): string {
  const steps = Array.from({ length: STEPS }, (_, step) => step).filter((step) => !GAP.includes(step));
  return steps
    .flatMap((step) => {
      const received = (step < RESET_AT ? 1_000_000 + step * 1000 : (step - RESET_AT) * 1000) * which;
      return [
        `cpu,cpu=cpu-total usage_user=${10 * which},usage_system=5,usage_idle=${95 - 10 * which}`,
        `cpu,cpu=cpu0 usage_user=1,usage_idle=${90 - 10 * which}`,
        `cpu,cpu=cpu1 usage_user=1,usage_idle=${80 - 10 * which}`,
        `mem used_percent=${40 + which},available=${which}i,total=8i`,
        `disk,path=/,device=sda1,fstype=ext4 used_percent=${50 + which}`,
        `disk,path=/data,device=sdb1,fstype=ext4 used_percent=${90 + which}`,
        `net,interface=eth0 bytes_recv=${received}i,bytes_sent=${step * 500 * which}i`,
        `temp,sensor=cpu_thermal temp=${60 + which}`,
        `temp,sensor=gpu_thermal temp=${50 + which}`,
        `system uptime=${10 * step * which}i,load1=${which},load5=2,load15=3`,
        `battery,pack=front voltage=12.5,charge=${80 + which}i,charging=true,state="docked"`,
        `${ODD_MEASUREMENT.replaceAll(' ', '\\ ')} rpm=${100 * which}`,
      ].map((line) => `${line} ${timeOf(step)}000`);
    })
    .join('\n');
}

/** Four entries, the newest last; the second and third in the same microsecond. */
export function logs(name: string): string {
  const at = (second: number) => `${timeOf(0) + second * 1000}123`;
  return [
    `syslog message="${name}: oldest",level="err",program="sshd" ${at(1)}`,
    `syslog message="${name}: same moment, one",level="info",program="kernel" ${at(2)}`,
    `syslog message="${name}: same moment, two",level="info",program="kernel" ${at(2)}`,
    `syslog message="${name}: nobody said it" ${at(3)}`,
  ].join('\n');
}
