#!/bin/sh
# Starts the simulators in their container, with a sign once all of them listen.
rm -f /configs/*.json /tmp/ready
mkfifo /tmp/said
/opt/simulators/bin/python -m simulators --config-dir /configs "$@" >/tmp/said &
process=$!
trap 'kill -TERM "$process"' TERM INT
(while read -r line; do
    echo "$line"
    [ "$line" = ready ] && touch /tmp/ready
done) </tmp/said &
wait "$process"
