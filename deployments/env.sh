# Source in every terminal, from the project's root: . deployments/env.sh
# Paths to the data and Prefect's database, and the address of a server that only this machine can reach.

umask 077
export CHURN_HOME="${CHURN_HOME:-$PWD/var}"
export PREFECT_HOME="${PREFECT_HOME:-$CHURN_HOME/prefect}"
mkdir -p "$CHURN_HOME/inbox" "$PREFECT_HOME"

export PREFECT_SERVER_API_HOST=127.0.0.1
export PREFECT_SERVER_API_PORT="${PREFECT_SERVER_API_PORT:-4200}"
export PREFECT_SERVER_CORS_ALLOWED_ORIGINS="http://$PREFECT_SERVER_API_HOST:$PREFECT_SERVER_API_PORT"
export PREFECT_API_URL="$PREFECT_SERVER_CORS_ALLOWED_ORIGINS/api"

# Never use a proxy for a server on this machine.
export NO_PROXY="${NO_PROXY:+$NO_PROXY,}$PREFECT_SERVER_API_HOST,localhost"
export no_proxy="$NO_PROXY"

# The API shows logs and starts runs, so it requires this user:password.
auth="$PREFECT_HOME/auth"
if [ ! -s "$auth" ]; then
    new="$(mktemp "$auth.XXXXXX")"
    # Server and worker may get here at the same time: ln succeeds for only one of them, and only with a
    # complete, synced file.
    python -c "import os, secrets; print('churn:' + secrets.token_urlsafe(24), flush=True); os.fsync(1)" > "$new" &&
        ln "$new" "$auth" 2> /dev/null || :
    rm -f "$new"
fi
export PREFECT_API_AUTH_STRING="$(cat "$auth")"
: "${PREFECT_API_AUTH_STRING:?there is no password in $auth. Delete that file and try again}"
export PREFECT_SERVER_API_AUTH_STRING="$PREFECT_API_AUTH_STRING"

set -a
. deployments/prefect.env
set +a
