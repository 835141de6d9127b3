"""What omicshelf needs of a JupyterHub: part of its jupyterhub_config.py.

The hub starts the catalog as one of its services, users log in by the hub, and their own servers
pass on who they are. Nothing is configured for each user.
"""

import os

c = get_config()  # noqa: F821

# The addresses and keys of the catalog come from the hub's own environment (with systemd:
# EnvironmentFile=/etc/omicshelf/omicshelf.env); users' servers do not inherit it.
CATALOG = ("OMICSHELF_", "AWS_", "PGPASSWORD")

c.JupyterHub.services = [
    {
        "name": "omicshelf",
        "url": "http://127.0.0.1:8801",
        "command": ["/opt/omicshelf/bin/omicshelf", "serve", "--admin", "ada"],
        "environment": {k: v for k, v in os.environ.items() if k.startswith(CATALOG)},
        "oauth_no_confirm": True,
    },
]

c.JupyterHub.load_roles = [
    # Who may use the catalog at all; what they may do in it, its own roles say.
    {"name": "user", "scopes": ["self", "access:services!service=omicshelf"]},
    # Users' servers, with the token that the hub gives to each.
    {
        "name": "server",
        "scopes": [
            "users:activity!user",
            "access:servers!server",
            "access:services!service=omicshelf",
        ],
    },
]

# Users' servers find the catalog here, and their kernels find it through their server.
c.Spawner.environment = {"OMICSHELF_URL": f"{c.JupyterHub.bind_url}services/omicshelf/"}
