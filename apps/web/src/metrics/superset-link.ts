const FILTER = 'NATIVE_FILTER-robot';
/** In Rison, as Superset writes its addresses (https://github.com/Nanonid/rison). */
const text = (value: string) => `'${value.replace(/[!']/g, '!$&')}'`;

/** The dashboard *Reliability*, of one robot. Superset knows robots by their names. */
export function supersetRobotUrl(supersetUrl: string, robot: string): string {
  const [name, values] = [text(robot), `!(${text(robot)})`];
  const chosen = `extraFormData:(filters:!((col:robot,op:IN,val:${values}))),filterState:(label:${name},value:${values})`;
  const filters = `(${FILTER}:(${chosen},id:${FILTER},ownState:()))`;
  const query = new URLSearchParams({ native_filters: filters });
  return `${supersetUrl.replace(/\/+$/, '')}/superset/dashboard/robowatch-reliability/?${query}`;
}
