#!/bin/sh
# Update work pool, deployments and automations from these files; run it again whenever they change.
# From the project's root, after . deployments/env.sh, with the server running or starting.
# `deploy.sh --name nightly --name daily --name propose --name after-crash` leaves out train/weekly, which needs torch.
set -eu
[ $# -gt 0 ] || set -- --all
tries=60
# Not /health, which needs no password.
until prefect api GET /admin/version > /dev/null 2>&1; do
    if [ $? -eq 3 ]; then # 401 or 403
        echo "error: the server at $PREFECT_API_URL refuses the password in PREFECT_API_AUTH_STRING. Source" \
            "deployments/env.sh again, with the CHURN_HOME the server was started with." >&2
        exit 60
    fi
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
        echo "error: no server answers at $PREFECT_API_URL. Start it, then run this again." >&2
        exit 60
    fi
    sleep 1
done
prefect --no-prompt work-pool create churn --type process --overwrite || exit 60
prefect --no-prompt deploy "$@" --prefect-file deployments/prefect.yaml || exit 60
python deployments/automations.py
