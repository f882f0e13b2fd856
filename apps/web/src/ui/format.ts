const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const BYTE_UNITS_RU = ['Б', 'КиБ', 'МиБ', 'ГиБ', 'ТиБ', 'ПиБ'];
const NO_VALUE = '–';

/** What a figure is measured in, which decides its format. */
export type Unit =
  | 'percent'
  | 'celsius'
  | 'bytes'
  | 'bytes_per_second'
  | 'per_second'
  | 'seconds'
  | 'volt'
  | 'ampere'
  | 'watt'
  | 'mbit_s'
  | 'dbm'
  | 'mhz'
  | 'none';

type Value = number | null | undefined;
const SUFFIX: Partial<Record<Unit, string>> = {
  ...{ percent: '%', celsius: '°C', volt: 'V', ampere: 'A', watt: 'W' },
  ...{ mbit_s: 'Mbit/s', dbm: 'dBm', mhz: 'MHz' },
};
const SUFFIX_RU: Partial<Record<Unit, string>> = {
  ...{ ...SUFFIX, volt: 'В', ampere: 'А', watt: 'Вт' },
  ...{ mbit_s: 'Мбит/с', dbm: 'дБм', mhz: 'МГц' },
};

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** From here on, numbers have too many digits to read. */
const LONG = 1e9;
/** Numbers too small for this many decimals are written with an exponent. */
const MOST_DECIMALS = 4;
/** For places with room for only a few digits. */
const LONG_WHOLE = 10_000;
const LONG_FIXED = 100_000;
const LONG_DAYS = 10_000;

/** Hours run from 0 to 23 in every language, so a time looks the same on every page. */
const HOURS = { hourCycle: 'h23' } as const;

/** Formats figures and times for `locale`. */
export function makeFormat(locale: string) {
  const russian = locale.startsWith('ru');
  // Lazy: each takes a millisecond to create, and no page needs them all.
  const just = once(() => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }));
  const relative = once(() => new Intl.RelativeTimeFormat(locale, { numeric: 'always', style: 'short' }));
  const time = (style: Intl.DateTimeFormatOptions) =>
    once(() => new Intl.DateTimeFormat(locale, { ...style, ...HOURS }));
  const minutes = { hour: '2-digit', minute: '2-digit' } as const;
  const seconds = { ...minutes, second: '2-digit' } as const;
  const dateTime = time({ dateStyle: 'medium', timeStyle: 'short' });
  const exactTime = time({ dateStyle: 'medium', timeStyle: 'medium' });
  const clock = time({ month: 'short', day: '2-digit', ...seconds });
  const clockOfYear = time({ year: 'numeric', month: 'short', day: '2-digit', ...seconds });
  const day = { day: 'numeric', month: 'short' } as const;
  const ofDay = {
    day: time(day),
    year: time({ ...day, year: 'numeric' }),
    minutes: time(minutes),
    seconds: time(seconds),
  };
  const numbers = new Map<number, Intl.NumberFormat>();
  const fixeds = new Map<number, Intl.NumberFormat>();

  /** Such as 1.7e308, with at most this many decimals. */
  const exponent = (value: number, decimals = 2): string => {
    const [exact, rounded] = [value.toExponential(), value.toExponential(decimals)];
    const [digits = '', power = ''] = (exact.length < rounded.length ? exact : rounded).split('e');
    const short = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
    return `${russian ? short.replace('.', ',') : short}e${power.replace('+', '')}`;
  };

  /** Always fits a line, and only zero is written as zero. */
  const number = (value: Value, digits = 0): string => {
    if (value === null || value === undefined) return NO_VALUE;
    const magnitude = Math.abs(value);
    if (magnitude >= LONG && Number.isFinite(value)) return exponent(value);
    if (magnitude > 0 && magnitude < 0.5 * 10 ** -digits)
      return digits < MOST_DECIMALS ? number(value, digits + 1) : exponent(value);
    const format = numbers.get(digits) ?? new Intl.NumberFormat(locale, { maximumFractionDigits: digits });
    numbers.set(digits, format);
    return format.format(value);
  };

  /** A fixed number of decimals, so that the digits of a column line up. */
  const fixed = (value: Value, decimals: number): string => {
    if (value === null || value === undefined) return NO_VALUE;
    if (Math.abs(value) >= LONG_FIXED) return exponent(value, 0);
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    const format = fixeds.get(decimals) ?? new Intl.NumberFormat(locale, digits);
    fixeds.set(decimals, format);
    return format.format(value);
  };

  /** A whole number in a few characters, whatever a robot sends. */
  const whole = (value: Value, unit: 'percent' | 'celsius'): string => {
    if (value === null || value === undefined) return NO_VALUE;
    // Avoids -0.
    const text = Math.abs(value) < LONG_WHOLE ? number(Math.round(value) + 0) : exponent(value, 0);
    return `${text} ${SUFFIX[unit]}`;
  };

  const bytes = (value: Value): string => {
    if (value === null || value === undefined) return NO_VALUE;
    const step = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, Math.abs(value))) / 10)));
    const scaled = value / 1024 ** step;
    return `${number(scaled, step > 0 && Math.abs(scaled) < 100 ? 1 : 0)} ${(russian ? BYTE_UNITS_RU : BYTE_UNITS)[step]}`;
  };

  const duration = (seconds: Value): string => {
    if (seconds === null || seconds === undefined) return NO_VALUE;
    if (seconds < 0) return `-${duration(-seconds)}`;
    const [d, h, m, s] = russian ? ['д', 'ч', 'мин', 'с'] : ['d', 'h', 'min', 's'];
    if (seconds < 1) return `${number(seconds, 1)} ${s}`;
    const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
    const minutes = Math.floor(seconds / 60) % 60;
    const two = (large: string, small: string, count: number) => (count > 0 ? `${large} ${count} ${small}` : large);
    if (days >= LONG_DAYS) return `${number(days)} ${d}`;
    if (days > 0) return two(`${days} ${d}`, h, hours);
    if (hours > 0) return two(`${hours} ${h}`, m, minutes);
    return minutes > 0 ? `${minutes} ${m}` : `${Math.floor(seconds)} ${s}`;
  };

  const inUnit = (value: Value, unit: Unit): string => {
    if (value === null || value === undefined) return NO_VALUE;
    const magnitude = Math.abs(value);
    if (unit === 'bytes') return bytes(value);
    if (unit === 'bytes_per_second') return `${bytes(value)}/${russian ? 'с' : 's'}`;
    if (unit === 'seconds') return duration(value);
    if (unit === 'percent') return `${number(value, magnitude < 10 ? 1 : 0)} %`;
    if (unit === 'celsius') return `${number(value, 1)} °C`;
    const text = number(value, magnitude >= 1000 ? 0 : magnitude >= 10 ? 1 : 2);
    if (unit === 'per_second') return `${text}/${russian ? 'с' : 's'}`;
    const suffix = (russian ? SUFFIX_RU : SUFFIX)[unit];
    return suffix ? `${text} ${suffix}` : text;
  };

  const ago = (time: string | number, now = Date.now()): string => {
    const seconds = Math.round((new Date(time).getTime() - now) / 1000);
    const magnitude = Math.abs(seconds);
    if (magnitude < 2) return just().format(0, 'second');
    if (magnitude < 60) return relative().format(seconds, 'second');
    if (magnitude < 3600) return relative().format(Math.round(seconds / 60), 'minute');
    if (magnitude < 172_800) return relative().format(Math.round(seconds / 3600), 'hour');
    return relative().format(Math.round(seconds / 86_400), 'day');
  };

  const isOfYear = (time: string | number, other: string | number) =>
    new Date(time).getFullYear() === new Date(other).getFullYear();

  const mark = (time: string | number, stepSeconds: number, former: string | number = Date.now()): string => {
    const date = new Date(time);
    if (stepSeconds >= 86_400 && !isOfYear(time, former)) return ofDay.year().format(date);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    if (stepSeconds >= 86_400 || (isMidnight && stepSeconds >= 60)) return ofDay.day().format(date);
    return ofDay[stepSeconds < 60 ? 'seconds' : 'minutes']().format(date);
  };

  return {
    number,
    exponent,
    fixed,
    whole,
    bytes,
    duration,
    inUnit,
    ago,
    dateTime: (time: string | number) => dateTime().format(new Date(time)),
    /** Short and of equal width, for columns. Without the year if it is this one. */
    clock: (time: string | number, now = Date.now()) =>
      (isOfYear(time, now) ? clock : clockOfYear)().format(new Date(time)),
    /** For an axis with ticks this far apart. The year is told where it is not that of the `former` tick, or of today. */
    mark,
    exactTime: (time: string | number) => exactTime().format(new Date(time)),
  };
}

export type Format = ReturnType<typeof makeFormat>;
