"""Signing in without being asked anything, and signing out everywhere."""

from urllib.parse import urlencode

from flask import current_app, g, get_flashed_messages, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.views import AuthOAuthView
from flask_login import current_user, logout_user
from guard import NUMBER, sign_out_here
from notice import notice
from openid import CLIENT, PROVIDER, issuer
from sign_ins import Away, Ended


class SignInView(AuthOAuthView):
    route_base = ""

    @expose("/login/")
    @expose("/login/<provider>")
    def login(self, provider: str | None = None):
        # Not to the page they come from: it may be one that they are not allowed to see, and sends them here.
        if g.user is not None and g.user.is_authenticated:
            return redirect(self.appbuilder.get_url_for_index)
        if provider != PROVIDER:
            return redirect(url_for(".login", provider=PROVIDER, **request.args))
        return super().login(provider)

    @expose("/oauth-authorized/<provider>")
    def oauth_authorized(self, provider: str):
        # Only this sign-in counts; but one that fails, to which any site can lead, does not end that of before.
        former = {name: value for name, value in session.items() if not name.startswith(("_state_", "oauth_state"))}
        session.pop(NUMBER, None)
        logout_user()
        g.user = current_user
        reply = super().oauth_authorized(provider)
        if current_user.is_authenticated:
            current_app.config["SIGN_INS"].end(former.get(NUMBER))
            # A new cookie, in case somebody else knows the former.
            current_app.session_interface.regenerate(session)
            return reply
        current_app.config["SIGN_INS"].end(session.get(NUMBER))
        reason = " ".join(get_flashed_messages()) or "The request to sign in was denied."
        session.pop(NUMBER, None)
        session.update(former)
        links = {"Sign in again": url_for(".login"), "Robowatch": current_app.config["WEB_APP"]}
        return notice(403, "You could not be signed in", reason, links)

    @expose("/logout/")
    def logout(self):
        """The server ends the session, and with it this one: until then charts that are loading would sign in again."""
        web_app, sign_ins, number = current_app.config["WEB_APP"], current_app.config["SIGN_INS"], session.get(NUMBER)
        try:
            sign_ins.identify(number)
            token = sign_ins.id_token(number)
        except Ended:
            sign_out_here()
            return redirect(f"{web_app}/sign-in")
        except Away:
            sign_ins.end(number)
            sign_out_here()
            return notice(503, "Signed out of Superset only", "Robowatch does not answer.", {"Robowatch": web_app})
        query = {"client_id": CLIENT, "post_logout_redirect_uri": f"{web_app}/sign-in"}
        # Without it the server asks first: any site can lead a browser here.
        if request.headers.get("sec-fetch-site") != "cross-site":
            query["id_token_hint"] = token
        return redirect(f"{issuer(web_app)}/session/end?{urlencode(query)}")
