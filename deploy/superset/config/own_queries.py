"""Users ask for what our charts and filters ask for, and for nothing that they have written themselves."""

import json

from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetSecurityException
from superset.sql.parse import sanitize_clause

RESULTS = {"full", "results"}


def raise_for_own_query(query_context) -> None:
    """Otherwise a user could make the database evaluate any expression, and say what it answers."""
    form = query_context.form_data or {}
    saved = saved_queries(form.get("slice_id"))
    allowed = names_in(query_context.datasource) | {text for query in saved for text in expressions_in(query)}
    # Superset has written those of the request anew.
    engine = query_context.datasource.database.db_engine_spec.engine
    clauses = {sanitize_clause(text, engine) for query in saved for text in clauses_in(query.get("extras"))}
    for query in query_context.queries:
        asked = {
            "columns": query.columns,
            "metrics": query.metrics,
            "orderby": query.orderby,
            "series_columns": query.series_columns,
            "series_limit_metric": query.series_limit_metric,
            "filters": query.filter,
            "granularity": query.granularity,
        }
        ok = (
            {query_context.result_type, query.result_type or "full"} <= RESULTS
            and expressions_in(asked) <= allowed
            and clauses_in(query.extras) <= clauses
            and not query.annotation_layers
            and not query.time_offsets
        )
        if not ok:
            raise SupersetSecurityException(no_access("This is not what the dashboard asks for."))


def no_access(message: str) -> SupersetError:
    kind = SupersetErrorType.DATASOURCE_SECURITY_ACCESS_ERROR
    return SupersetError(message=message, error_type=kind, level=ErrorLevel.WARNING)


def saved_queries(chart) -> list[dict]:
    from superset import db
    from superset.models.slice import Slice

    found = db.session.get(Slice, chart) if isinstance(chart, int) and chart < 2**31 else None
    return json.loads(found.query_context or "{}").get("queries", []) if found else []


def names_in(dataset) -> set[str]:
    return {column.column_name for column in dataset.columns} | {metric.metric_name for metric in dataset.metrics}


def expressions_in(query: dict) -> set[str]:
    """Everything of a query that becomes an expression: names, or SQL."""
    found = [
        *(query.get("columns") or []),
        *(query.get("metrics") or []),
        *(one[0] if isinstance(one, (list, tuple)) and one else one for one in query.get("orderby") or []),
        *(query.get("series_columns") or []),
        query.get("series_limit_metric"),
        query.get("granularity"),
        *(one.get("col") for one in query.get("filters") or []),
    ]
    return {expression_of(one) for one in found if one}


def expression_of(one) -> str:
    """What is neither a name nor an expression as our charts have them is like none of them."""
    if isinstance(one, str):
        return one
    plain = isinstance(one, dict) and set(one) <= {
        *("sqlExpression", "label", "expressionType", "columnType", "timeGrain", "isColumnReference"),
        *("hasCustomLabel", "optionName"),
    }
    text = one.get("sqlExpression") if plain else None
    return text if isinstance(text, str) else json.dumps(one, sort_keys=True, default=str)


def clauses_in(extras: dict | None) -> set[str]:
    return {str(text) for name in ("where", "having") if (text := (extras or {}).get(name))}
