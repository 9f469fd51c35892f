"""What nobody typed: a transcript and an item of the bank in, records of one kind more in it.

The table NOISE names the functions with the client versions that wrote such records (from the
first on, before the second). `ledger.noise` gets each record's uuid; the words are in a TOML file.
"""

from collections.abc import Callable
from typing import Any

from lanes.sample_history.bank import Item, fill, read
from lanes.sample_history.transcript import Transcript, text

Noise = Callable[[Transcript, Item], None]
Version = tuple[int, int, int]
NOISE: dict[str, tuple[Noise, Version, Version]] = {}
WORDS = read("noise")


def noise(since: Version = (1, 0, 0), until: Version = (9, 0, 0)) -> Callable[[Noise], Noise]:
    """Register a kind of noise for the client versions from `since` on and before `until`."""

    def register(function: Noise) -> Noise:
        NOISE[function.__name__] = (function, since, until)
        return function

    return register


def say(words_of: str, item: Item, t: Transcript, **more: str) -> str:
    """Return words by their name, one of them where there are several, filled in for the item."""
    words = WORDS[words_of]
    chosen = words if isinstance(words, str) else t.dice.pick(words)
    return fill(chosen, {**more, "file": item.file, "run": item.run, "area": item.area})


def reply(t: Transcript, words: str) -> str:
    """Let the agent say something short."""
    return t.assistant([text(words)])


def typed(t: Transcript, item: Item, words: str, kind: str) -> None:
    """Write something the person typed that teaches nothing, and note why not."""
    uuid = t.person(words)
    row = {"uuid": uuid, "session_id": t.place.session_id, "project": item.project}
    row |= {"area": item.area, "topic": None, "kind": kind, "language": "en", "concept": None}
    t.ledger.prompts.append(row | {"learnable": False, "check": None})


@noise()
def slash_command(t: Transcript, item: Item) -> None:
    """A built-in command and what it printed."""
    name, printed = t.dice.pick(WORDS["commands"])
    if t.dice.chance(0.6):
        tag = "local-command-caveat"
        caveat = WORDS["caveat"]
        caveat = f"<{tag}>{caveat}</{tag}>" if t.since(2, 1, 60) else caveat
        t.noise("caveat", caveat, isMeta=True)
    tags = [f"<command-name>/{name}</command-name>", f"<command-message>{name}</command-message>"]
    pad = "\n            " if t.since(2, 0, 0) else "\n"
    order = [*t.dice.shuffled(tags), "<command-args></command-args>"]
    t.noise("slash_command", pad.join(order))
    t.noise("command_output", f"<local-command-stdout>{printed}</local-command-stdout>")


@noise()
def slash_command_with_words(t: Transcript, item: Item) -> None:
    """A command of the person's own, with words behind it: these count."""
    name, wish = t.dice.pick(WORDS["own_commands"])
    wish = wish.replace("{file}", item.file)
    uuid = t.noise("slash_command", say("command", item, t, name=name, wish=wish))
    t.ledger.noise["slash_command_with_words"].append(uuid)
    body = say("command_body", item, t, name=name, wish=wish)
    t.noise("meta_body", [text(body)], isMeta=True)
    reply(t, say("command_done", item, t, name=name, wish=wish))


@noise()
def interruption(t: Transcript, item: Item) -> None:
    """A prompt that was stopped before its answer."""
    typed(t, item, say("restart", item, t), "interrupted")
    reply(t, f"I will start with `{item.file}` and")
    t.noise("interruption", [text("[Request interrupted by user]")])


@noise()
def rejected_tool(t: Transcript, item: Item) -> None:
    """A command the person did not want."""
    typed(t, item, say("risky", item, t), "rejected")
    call = t.call("Bash", {"command": f"git checkout -- {item.file}", "description": "Discard"})
    t.assistant([text(f"I will discard the changes in `{item.file}` first."), call])
    t.result(call, WORDS["rejected"], "User rejected tool use", error=True)
    t.ledger.tools["rejected"].append(call["id"])
    t.noise("interruption", [text("[Request interrupted by user for tool use]")])


@noise()
def tool_error(t: Transcript, item: Item) -> None:
    """An edit that failed because the file had not been read, or had changed."""
    typed(t, item, say("small_edits", item, t), "tool_error")
    edit = {"old_string": "DEBUG = True", "new_string": "DEBUG = False"}
    call = t.call("Edit", {"file_path": f"{t.place.cwd}/{item.file}", **edit})
    t.assistant([call])
    message = say("tool_errors", item, t)
    t.result(call, f"<tool_use_error>{message}</tool_use_error>", f"Error: {message}", error=True)
    reply(t, say("failed", item, t, message=message.lower()))


@noise()
def reminder(t: Transcript, item: Item) -> None:
    """A system reminder on its own."""
    words = say("reminders", item, t)
    t.noise("reminder", f"<system-reminder>\n{words}\n</system-reminder>", isMeta=True)


@noise((2, 0, 0))
def typed_shell(t: Transcript, item: Item) -> None:
    """A shell line the person typed behind `!`, and its output."""
    uuid = t.person(f"<bash-input>{item.run}</bash-input>")
    t.ledger.noise["bash_input"].append(uuid)
    out = f"<bash-stdout>{item.output or 'ok'}</bash-stdout><bash-stderr></bash-stderr>"
    t.noise("bash_output", out)


@noise((2, 0, 60))
def task_notification(t: Transcript, item: Item) -> None:
    """A background task that reports; the agent goes on, still answering the last prompt."""
    status, summary = t.dice.pick(WORDS["tasks"])
    fields: dict[str, Any] = {"permissionMode": "default"} if t.since(2, 1, 17) else {}
    if t.since(2, 1, 92):
        fields["origin"] = {"kind": "task-notification"}
    more = {"task": t.dice.hex(7), "status": status, "summary": summary}
    t.noise("task_notification", say("task_notice", item, t, **more), **fields)
    reply(t, f"The background run is {status}; `{item.run}` needs nothing more.")


@noise((2, 0, 30), (2, 1, 30))
def bash_notification(t: Transcript, item: Item) -> None:
    """The older notice of a background shell."""
    t.noise("bash_notification", say("bash_notice", item, t, shell=t.dice.hex(6)))
    reply(t, "The background shell ended with exit code 0.")


@noise((2, 0, 20))
def skill(t: Transcript, item: Item) -> None:
    """The body of a skill, injected."""
    name = t.dice.pick(("release-notes", "spectrogram", "receipts", "bidi-check"))
    body = say("skill", item, t, name=name, home=t.place.home)
    t.noise("skill", [text(body)], isMeta=True)


@noise((1, 0, 80))
def hook_feedback(t: Transcript, item: Item) -> None:
    """What a stop hook had to say."""
    t.noise("hook_feedback", say("hook", item, t, words=say("hooks", item, t)), isMeta=True)
    reply(t, f"The hook is right; `{item.file}` is formatted now.")


@noise((1, 0, 60))
def image_path(t: Transcript, item: Item) -> None:
    """The path of a pasted image, told to the agent."""
    path = f"{t.place.home}/Desktop/shot-{t.dice.hex(6)}.png"
    t.noise("image_path", [text(f"[Image: source: {path}]")], isMeta=True)


@noise((2, 1, 20))
def teammate(t: Transcript, item: Item) -> None:
    """Another agent of a team that reports."""
    name, colour = t.dice.pick((("nia", "blue"), ("oskar", "green"), ("tamsin", "cyan")))
    t.noise("teammate", say("mate", item, t, name=name, colour=colour))
    reply(t, f"{name} is done with {item.area}; nothing to merge yet.")


@noise()
def api_error(t: Transcript, item: Item) -> None:
    """A prompt that met an error of the API instead of an answer."""
    typed(t, item, say("pleas", item, t), "api_error")
    message = _synthetic(t, say("api_errors", item, t))
    uuid = t.record("assistant", message=message, isApiErrorMessage=True)
    t.ledger.noise["api_error"].append(uuid)


@noise((1, 0, 70))
def no_response(t: Transcript, item: Item) -> None:
    """An empty answer that the client made up after a resume."""
    t.noise("meta_body", "Continue from where you left off.", isMeta=True)
    message = _synthetic(t, "No response requested.")
    uuid = t.record("assistant", message=message, isApiErrorMessage=False)
    t.ledger.noise["no_response"].append(uuid)


@noise()
def low_content(t: Transcript, item: Item) -> None:
    """Typed by a person, but nothing to learn from."""
    words = t.dice.uuid() if t.dice.chance(0.2) else say("low", item, t)
    typed(t, item, words, "low_content")
    reply(t, f"Going on with `{item.file}`.")


@noise()
def pasted_log(t: Transcript, item: Item) -> None:
    """A log and no question."""
    stamp = f"{t.now:%Y-%m-%d %H:%M}"
    lines = (f"{stamp}:{s:02d},{t.dice.below(999):03d} INFO {item.area} ok" for s in range(30))
    typed(t, item, "\n".join(lines), "pasted_log")
    reply(t, "The log shows no error: thirty steps, all ok.")


@noise((2, 1, 71))
def scheduled_tick(t: Transcript, item: Item) -> None:
    """A prompt that a schedule sends: new work that nobody typed just now."""
    fields: dict[str, Any] = {"isMeta": True}
    if t.since(2, 1, 92):
        fields["origin"] = {"kind": "scheduled-task"}
    name = item.area.replace("_", "-")
    t.noise("tick", say("tick", item, t, name=name, words=say("ticks", item, t)), **fields)
    reply(t, "Nothing to do: the queue is empty.")


@noise((2, 0, 40))
def heartbeat(t: Transcript, item: Item) -> None:
    """The beat of a watcher that keeps the session alive."""
    t.noise("heartbeat", say("beats", item, t, stamp=f"{t.now:%Y-%m-%dT%H:%M}Z"))
    reply(t, t.dice.pick(("HEARTBEAT_OK", "Alive.", "pong")))


def warmup(t: Transcript) -> None:
    """The first words of an agent that was only being warmed up."""
    t.noise("warmup", "Warmup")
    reply(t, "Ready. I will wait for the task and search the repository when it comes.")


def _synthetic(t: Transcript, words: str) -> dict[str, Any]:
    counters = ("input_tokens", "output_tokens")
    counters += ("cache_creation_input_tokens", "cache_read_input_tokens")
    message = {"id": t.dice.uuid(), "model": "<synthetic>", "role": "assistant", "type": "message"}
    stop = {"stop_reason": "stop_sequence", "stop_sequence": ""}
    return message | stop | {"usage": dict.fromkeys(counters, 0), "content": [text(words)]}
