# Four functions for the pages of this guide and the README: they ask the service that `make run` has started.
key()  { sed -n "s/.*\"$1\": \"\(.*\)\".*/\1/p" .local/demo.json; }  # a key, an id or the address of the demo
get()  { curl -s "$(key base_url)$2" -H "Authorization: Bearer $(key $1_key)" "${@:3}"; }
post() { curl -s "$(key base_url)$2" -H "Authorization: Bearer $(key $1_key)" -H "Content-Type: ${4:-application/json}" \
              -H "Idempotency-Key: $(cksum <<<"$2 $3 ${*:5} $(cat "${3#@}" 2>/dev/null)")" --data-binary "$3" "${@:5}"; }
show() { grep -oE "\"($1)\":[^][,{}]*" | paste -sd ' ' -; }  # the fields named, of an answer
