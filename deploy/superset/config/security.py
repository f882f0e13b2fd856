"""Who may do what in Superset."""

from flask import current_app, session
from guard import NUMBER
from openid import ROLES, person
from own_queries import no_access, raise_for_own_query
from sign_in_view import SignInView
from superset.constants import CACHE_DISABLED_TIMEOUT
from superset.errors import SupersetError
from superset.exceptions import SupersetSecurityException
from superset.security import SupersetSecurityManager

ADMIN = "admin"


class RobowatchSecurityManager(SupersetSecurityManager):
    def raise_for_access(self, dashboard=None, *args, query_context=None, **what) -> None:
        super().raise_for_access(dashboard, *args, query_context=query_context, **what)
        if [role.name for role in self.get_user_roles()] != [ROLES["user"]]:
            return
        if query_context:
            # Whose robots they are can change at any moment, and a cache would not know.
            query_context.custom_cache_timeout = CACHE_DISABLED_TIMEOUT
            raise_for_own_query(query_context)
        # Superset shows dashboards in which there is nothing to everybody.
        if dashboard and ROLES["user"] not in [role.name for role in dashboard.roles]:
            raise SupersetSecurityException(self.get_dashboard_access_error_object(dashboard))

    def get_datasource_access_error_object(self, datasource) -> SupersetError:
        """Without its name."""
        return no_access("You may not see this dataset.")

    def get_rls_cache_key(self, datasource) -> list[str]:
        """Cached rows are one user's (CACHE_QUERY_BY_USER), and those of an administrator end with that role."""
        return [*super().get_rls_cache_key(datasource), *sorted(role.name for role in self.get_user_roles())]


class OpenIdSecurityManager(RobowatchSecurityManager):
    """With sign-in by Robowatch. Only the local administrator has a password, and uses it for the API alone."""

    register_superset_auth_view = False
    register_superset_registeruser_view = False
    authoauthview = SignInView

    def set_oauth_session(self, provider, oauth_response) -> None:
        session[NUMBER] = current_app.config["SIGN_INS"].begin(oauth_response)

    def oauth_user_info(self, provider, response=None) -> dict:
        return person(response.get("userinfo") or {})

    def _oauth_calculate_user_roles(self, userinfo) -> list:
        """The one role; Superset would add that of registration."""
        return list(self.get_roles_from_keys(userinfo["role_keys"]))

    def auth_user_db(self, username, password):
        return super().auth_user_db(username, password) if username == ADMIN else None

    def auth_user_ldap(self, username, password) -> None:
        return None

    def load_user_jwt(self, header, data):
        user = self.load_user(data["sub"])
        return super().load_user_jwt(header, data) if user and user.username == ADMIN else None
