"""Prepares Superset's own database, its administrator, and what is in assets/. Run again, it changes what differs."""

import subprocess
from pathlib import Path

from superset_config import secret

ASSETS = Path("/app/assets")
ADMIN = "admin"


def main() -> None:
    subprocess.run(["superset", "db", "upgrade"], check=True)
    from superset.app import create_app

    with create_app().app_context():
        from superset import security_manager

        security_manager.sync_role_definitions()
        import_assets(administrator(security_manager))
    print("Superset is ready.")


def administrator(security_manager):
    """The user `admin` with the password of its secret, which may have been replaced."""
    from werkzeug.security import check_password_hash

    password = secret("superset-admin-password")
    user = security_manager.find_user(ADMIN)
    if user is None:
        role = security_manager.find_role("Admin")
        user = security_manager.add_user(ADMIN, "Robowatch", "Administrator", "admin@localhost", role, password)
    elif not check_password_hash(user.password, password):
        security_manager.reset_password(user.id, password)
    return user


def import_assets(user) -> None:
    """Overwrites the database, datasets, charts and dashboards of the same uuids with the files."""
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    files = sorted(ASSETS.rglob("*.yaml"))
    contents = {str(file.relative_to(ASSETS)): file.read_text() for file in files}
    passwords = {name: secret("bi-database-password") for name in contents if name.startswith("databases/")}
    with override_user(user):
        ImportAssetsCommand(contents, passwords=passwords).run()


main()
