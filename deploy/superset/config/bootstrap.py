"""Prepares Superset's own database, its administrator, and what is in assets/. Run again, it changes what differs."""

import subprocess
from pathlib import Path

import superset_config
import yaml
from superset_config import secret
from tenants import make_role, open_dashboards

ASSETS = Path("/app/assets")
ADMIN = "admin"


def main() -> None:
    subprocess.run(["superset", "db", "upgrade"], check=True)
    from superset.app import create_app

    with create_app().app_context():
        from superset import appbuilder, security_manager

        if hasattr(superset_config, "PREVIOUS_SECRET_KEY"):
            reseal(superset_config.PREVIOUS_SECRET_KEY)
        # What `superset init` does: without the permissions of all pages, even administrators are refused dashboards.
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        # Before anybody signs in, who could not be given it otherwise.
        role = make_role(security_manager)
        open_dashboards(role, import_assets(administrator(security_manager)))
        forget_events()
    print("Superset is ready.")


def reseal(former_key: str) -> None:
    """What `superset re-encrypt-secrets` is for; that finds no columns, because it looks among other tables."""
    from flask_appbuilder import Model
    from sqlalchemy_utils import EncryptedType
    from superset.utils.encrypt import SecretsMigrator

    class Resealer(SecretsMigrator):
        def discover_encrypted_fields(self) -> dict:
            tables = Model.metadata.tables.items()
            sealed = {
                table: {name: column.type for name, column in columns.columns.items() if isinstance(column.type, EncryptedType)}
                for table, columns in tables
            }
            return {table: columns for table, columns in sealed.items() if columns}

    Resealer(former_key).run()


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


def import_assets(user) -> set[str]:
    """Overwrites the database, datasets, charts and dashboards of the same uuids with the files, and returns these."""
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    files = sorted(ASSETS.rglob("*.yaml"))
    contents = {str(file.relative_to(ASSETS)): file.read_text() for file in files}
    passwords = {name: secret("bi-database-password") for name in contents if name.startswith("databases/")}
    with override_user(user):
        ImportAssetsCommand(contents, passwords=passwords).run()
    present = {yaml.safe_load(text).get("uuid") for text in contents.values()}
    remove_former(present)
    return present


def forget_events() -> None:
    """What former releases stored (no_events.py)."""
    from sqlalchemy import text
    from superset import db

    db.session.execute(text("truncate logs"))
    db.session.commit()


def remove_former(present: set) -> None:
    """Removes dashboards and charts of former releases. Only what was imported is marked as managed from outside."""
    from superset import db
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    for model in (Dashboard, Slice):
        for one in db.session.query(model).filter_by(is_managed_externally=True):
            if str(one.uuid) not in present:
                db.session.delete(one)
    db.session.commit()


main()
