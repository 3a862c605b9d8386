"""What a test found, said line by line, and its exit code."""

failures = []


def check(what, holds, seen=""):
    print(("ok   " if holds else "FAIL ") + what, flush=True)
    if not holds:
        failures.append(what)
        print("     " + str(seen)[:3000])


def exit_code():
    return 1 if failures else 0
