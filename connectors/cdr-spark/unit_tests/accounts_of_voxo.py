"""Configurations of VOXO for the tests: they need no server, only a vendor's rules."""

import json

from cdr_spark.accounts import Place, account, accounts

SECRET = "SECRET-token"


def config(number=1, **over):
    return {
        "start_date": "2026-01-01",
        "end_date": "2026-01-31",
        "credentials": {"auth_type": "access_token", "access_token": SECRET},
        "account": {"account_type": "tenant", "tenant_id": number},
        **over,
    }


def voxo(**over):
    return account(Place(None, text=json.dumps(config(**over))), "source-voxo")


def voxo_accounts(number, **over):
    """The accounts of one login."""
    several = {"account_type": "tenants", "tenant_ids": [*range(number)]}
    return accounts({"connector": "source-voxo", "config": json.dumps(config(account=several, **over))})


def written(path, *configs):
    path.write_text("".join(f"{json.dumps(one)}\n" for one in configs))
    return str(path)
