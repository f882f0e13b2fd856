/** What all datasets of robots have. `web_app` is the web app's address (superset_config.py), empty if not known. */
export const robotColumns = `v.robot_id, v.robot,
  {% if web_app %}'<a href="{{ web_app }}/robots/' || v.robot_id || '" target="_blank">open</a>'{% else %}v.robot_id::text{% endif %} as robot_page,
  v.owner_id, coalesce(v.owner, 'no owner') as owner, coalesce(v.architecture, 'unknown') as architecture`;

/** A table of a robot's labels, one at least. */
export const labelsOfRobot = `(
  select key || ': ' || value as label from jsonb_each_text(v.labels)
  union all select 'no label' where v.labels = '{}'
)`;

/**
 * Keeps robots that have one of the labels chosen in a dashboard. Superset by itself would compare a column, but a robot
 * has several labels; so the filter is taken from it (its documentation, "SQL templating", `filter_values`). Its
 * `where_in` is of no use: it doubles backslashes and percent signs, too.
 */
export const ofChosenLabels = `{% set chosen = filter_values('label', remove_filter=True) %}
{% if chosen %}
where exists (
  select from ${labelsOfRobot} l
  where l.label in ({% for one in chosen %}'{{ one | string | replace("'", "''") }}'{{ '' if loop.last else ', ' }}{% endfor %})
)
{% endif %}`;

export const labelsAsText = `(select string_agg(key || ': ' || value, ', ' order by key) from jsonb_each_text(v.labels))`;

/** How a robot is, in words. Silent is a robot that ought to report. */
export const condition = `case v.status
    when 'pending' then 'not paired' when 'inactive' then 'switched off' when 'error' then 'reports rejected'
    else case when v.last_seen_at is null then 'never reported'
      when v.last_seen_at < now() - interval '1 hour' then 'silent for an hour' else 'reporting' end
  end`;
