"""What users may ask of lists: the columns of their pages, or they could ask for e-mail addresses of whoever owns one."""

import prison

LIST = "/api/v1/dashboard/"
COLUMNS = {
    *("id", "uuid", "dashboard_title", "published", "url", "slug", "status", "certified_by", "certification_details"),
    *("changed_by", "changed_by.id", "changed_by.first_name", "changed_by.last_name", "changed_on"),
    *("changed_on_delta_humanized", "owners", "owners.id", "owners.first_name", "owners.last_name"),
    *("tags.id", "tags.name", "tags.type", "thumbnail_url"),
}
NAMES = {
    "keys": {"permissions"},
    "columns": COLUMNS,
    "select_columns": COLUMNS,
    "order_column": {"dashboard_title", "changed_on", "changed_on_delta_humanized", "published"},
    "order_direction": {"asc", "desc"},
}
FILTERS = {"dashboard_title", "id", "published"}
MOST = 100


def are_harmless(path: str, text: str | None) -> bool:
    if not text or not path.startswith(LIST):
        return True
    try:
        asked = prison.loads(text)
    except (prison.decoder.ParserException, ValueError, RecursionError):
        return False
    if path.endswith("favorite_status/"):
        return isinstance(asked, list) and len(asked) <= MOST and all(type(one) is int for one in asked)
    if not isinstance(asked, dict):
        return False
    if path not in (LIST, f"{LIST}_info"):
        # Of one dashboard, columns of its own.
        return set(asked) == {"columns"} and isinstance(asked["columns"], list) and all(map(is_plain, asked["columns"]))
    return all(is_harmless(name, value) for name, value in asked.items())


def is_plain(column) -> bool:
    return isinstance(column, str) and column.isidentifier()


def is_harmless(name: str, value) -> bool:
    if name in ("page", "page_size"):
        return type(value) is int and 0 <= value <= MOST
    if name == "filters":
        return isinstance(value, list) and len(value) <= 10 and all(isinstance(one, dict) and one.get("col") in FILTERS for one in value)
    values = value if isinstance(value, list) else [value]
    return name in NAMES and all(isinstance(one, str) and one in NAMES[name] for one in values)
