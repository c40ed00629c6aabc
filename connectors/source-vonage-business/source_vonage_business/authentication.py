"""Vonage's OAuth: access token, password and refresh token. Docs: the call-log tutorial and "Authentication"."""

from cdr.vendor import Authenticator, Config, GivenToken, Login, LoginToken


def authenticator(config: Config) -> Authenticator:
    """Signs requests to Reports, whose tokens die minutes after they were minted: one 401 costs one new token."""
    given, url = config.group("credentials"), config.required("token_url")
    if given["auth_type"] == "access_token":
        return GivenToken(given["access_token"])
    client = {"client_id": given["client_id"], "client_secret": given["client_secret"]}

    def login(**grant: str) -> Login:
        # Reports refuses tokens of another scope with a bare 401.
        if url.endswith("/oauth2/token"):
            return Login(url, form={**grant, "scope": "openid"}, basic=(given["client_id"], given["client_secret"]))
        return Login(url, form={**grant, **client, "scope": "openid"})

    if given["auth_type"] == "password":
        user = given["username"].removesuffix("@vbc.prod") + "@vbc.prod"
        return LoginToken(login(grant_type="password", username=user, password=given["password"]))

    def refresh(token: str) -> Login:
        return login(grant_type="refresh_token", refresh_token=token)

    return LoginToken(
        refresh(given["refresh_token"]),
        renewal=lambda token: refresh(token.refresh or given["refresh_token"]),
        on_refresh_token=lambda token: config.hand_back(("credentials", "refresh_token"), token),
    )
