# Of all replicas of a team's catalog: /etc/omicshelf/config.py. There are no secrets in it.
c = get_config()  # noqa: F821

# nginx on this machine is the only one that talks to it, and says who is behind it.
c.ServerApp.trust_xheaders = True
c.ServerApp.allow_remote_access = True
# The port is the name of the replica: another one would not be found.
c.ServerApp.port_retries = 0
# A cookie that one replica has set is good for the other one.
c.ServerApp.cookie_secret_file = "/var/lib/omicshelf/cookie_secret"  # noqa: S105

# One line of JSON a request, into the journal.
c.OmicshelfServer.access_log = "-"
