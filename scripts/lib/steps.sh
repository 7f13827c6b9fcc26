# Names and times what a script does: `step NAME` begins a step and ends the one before, each with a line "step NAME … 12 s".
# A script that stops in the middle of a step says in which. A script with an EXIT trap of its own sets it after this and
# calls close_steps at the end of it.
# shellcheck shell=bash

step_name=''
step_start=0

step() {
    end_step
    step_name=$1
    step_start=$SECONDS
    printf '\n== %s\n' "$step_name"
}

end_step() {
    [ -n "$step_name" ] || return 0
    printf 'step %s … %d s\n' "$step_name" "$((SECONDS - step_start))"
    step_name=''
}

# Ends the last step, whichever way the script ends.
close_steps() {
    local status=$?
    if [ "$status" -ne 0 ] && [ -n "$step_name" ]; then
        printf 'step %s … FAILED after %d s\n' "$step_name" "$((SECONDS - step_start))" >&2
    else
        end_step
    fi
    exit "$status"
}
trap close_steps EXIT
