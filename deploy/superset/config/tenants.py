"""What people who are no administrators may do: see our dashboards, and what is in them."""

from openid import ROLES

PERMISSIONS = [
    ("can_read", "Dashboard"),
    ("can_read", "Chart"),
    ("can_dashboard", "Superset"),
    ("can_read", "DashboardFilterStateRestApi"),
    ("can_write", "DashboardFilterStateRestApi"),
    ("can_time_range", "Api"),
    ("can_read", "CurrentUserRestApi"),
    ("menu_access", "Dashboards"),
]


def make_role(security_manager):
    """Its permissions are these, whatever was added. No dataset is among them: they come with the dashboards."""
    role = security_manager.add_role(ROLES["user"])
    found = [security_manager.find_permission_view_menu(*names) for names in PERMISSIONS]
    missing = [names for names, one in zip(PERMISSIONS, found) if one is None]
    if missing:
        raise LookupError(f"Superset has no such permissions: {missing}")
    role.permissions = found
    return role


def open_dashboards(role, uuids: set[str]) -> None:
    from superset import db
    from superset.models.dashboard import Dashboard

    for dashboard in db.session.query(Dashboard):
        if str(dashboard.uuid) in uuids:
            dashboard.roles = [role]
    db.session.commit()
