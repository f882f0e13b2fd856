"""What users ask for is a query of one of our charts, with other filters, or what a filter lets them choose from."""

from jsonschema import Draft202012Validator
from own_queries import clauses_in, saved_queries
from superset.utils.date_parser import get_since_until

# In one request; our charts have one.
MOST_QUERIES = 5
# Of a filter; charts have limits of their own.
MOST_CHOICES = 1000
TEXT = {"type": "string", "maxLength": 1000, "pattern": r"^[^\0]*$"}
NAME = {**TEXT, "maxLength": 200}
NUMBER = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
VALUE = {"anyOf": [TEXT, {"type": ["number", "boolean", "null"]}]}
TEXTS = {"type": "object", "maxProperties": 20, "additionalProperties": TEXT}
EMPTY = {"type": "object", "maxProperties": 0}
EXPRESSION = {"anyOf": [NAME, {"type": "object", "maxProperties": 20}]}
OPERATORS = [
    *("==", "!=", ">", "<", ">=", "<=", "LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE", "IN", "NOT IN"),
    *("IS NULL", "IS NOT NULL", "IS TRUE", "IS FALSE", "TEMPORAL_RANGE"),
]
GRAINS = ["PT1S", "PT1M", "PT5M", "PT10M", "PT15M", "PT30M", "PT1H", "P1D", "P1W", "P1M", "P3M", "P1Y", None]
FILTER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["col", "op"],
    "properties": {
        "col": EXPRESSION,
        "op": {"enum": OPERATORS},
        "val": {"anyOf": [VALUE, {"type": "array", "maxItems": MOST_CHOICES, "items": VALUE}]},
        "grain": {"enum": GRAINS},
        "isExtra": {"type": ["boolean", "null"]},
    },
}
# Besides these, only what the chart itself has.
FREE = {
    "filters": {"type": "array", "maxItems": 50, "items": FILTER},
    "time_range": {"anyOf": [TEXT, {"type": "null"}]},
    "extras": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"where": {"type": "string"}, "having": {"type": "string"}, "time_grain_sqla": {"enum": GRAINS}},
    },
    "orderby": {"type": "array", "maxItems": 20, "items": {"type": "array", "prefixItems": [EXPRESSION, {"type": "boolean"}], "minItems": 2, "items": False}},
    "order_desc": {"type": "boolean"},
    "granularity": {"anyOf": [NAME, {"type": "null"}]},
    "url_params": TEXTS,
    "applied_time_extras": TEXTS,
    "custom_params": EMPTY,
    "custom_form_data": EMPTY,
}
SCHEMA = Draft202012Validator(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["datasource", "queries", "form_data"],
        "properties": {
            "datasource": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "type"],
                "properties": {"id": NUMBER, "type": {"const": "table"}},
            },
            "form_data": {
                "type": "object",
                "properties": {"slice_id": NUMBER, "dashboardId": NUMBER, "type": NAME, "native_filter_id": NAME},
            },
            "force": {"type": ["boolean", "null"]},
            "result_format": {"const": "json"},
            "result_type": {"enum": ["full", "results"]},
            "queries": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_QUERIES,
                "items": {"type": "object", "properties": FREE},
            },
        },
    }
)
# Of the form, Superset reads these; in others it would find further columns, or conditions of former releases.
FORM = ("slice_id", "dashboardId", "type", "native_filter_id", "datasource", "viz_type")
# What a page writes of expressions, and a saved chart may not.
NOTES = ("isColumnReference", "hasCustomLabel", "optionName")


def fault_of(asked) -> str | None:
    """Where a request is none that a page sends, or nothing. Cuts its form down to what counts."""
    error = next(SCHEMA.iter_errors(asked), None)
    if error:
        return f"{error.json_path.removeprefix('$.')} is not as it should be."
    form = asked["form_data"]
    for name in set(form) - set(FORM):
        del form[name]
    for query in asked["queries"]:
        ranges = [one.get("val") for one in query.get("filters") or [] if one["op"] == "TEMPORAL_RANGE"]
        for text in [*ranges, query.get("time_range") or ""]:
            if not is_time_range(text):
                return "This is no time range."
    return None


def is_time_range(text) -> bool:
    try:
        get_since_until(time_range=text)
    except Exception:
        # It parses by three libraries, each with errors of its own.
        return False
    return isinstance(text, str)


def is_of_dashboard(asked: dict) -> bool:
    """Also asks for conditions here, as Superset evaluates templates in them before it asks whether they are allowed."""
    chart = asked["form_data"].get("slice_id")
    saved = saved_queries(chart) if chart else []
    return all(any(is_like(query, one) for one in saved) if chart else is_choice(query) for query in asked["queries"])


def is_like(query: dict, saved: dict) -> bool:
    fixed = {*query, *saved} - set(FREE)
    # The pages of single figures ask for no number of rows, and get one.
    if "row_limit" not in query and not query.get("columns"):
        fixed -= {"row_limit"}
    return clauses_in(query.get("extras")) <= clauses_in(saved.get("extras")) and all(
        same(query.get(name), saved.get(name)) for name in fixed
    )


def same(one, other) -> bool:
    """An empty list is like none."""
    return plain(one) == plain(other) if one or other else True


def plain(value):
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if name not in NOTES}
    return value


def is_choice(query: dict) -> bool:
    """What a filter shows: the values of one column."""
    columns, limit = query.get("columns"), query.get("row_limit")
    rest = set(query) - set(FREE) - {"columns", "row_limit"}
    few = isinstance(columns, list) and len(columns) == 1 and type(limit) is int and 0 < limit <= MOST_CHOICES
    return few and not any(query[name] for name in rest) and not clauses_in(query.get("extras"))
