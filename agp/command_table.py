"""Every command of `agp`, and the groups that hold those of two words."""

# Full name -> (module:attribute, its line in the help), in the order of a day's work. A name of two
# words stands in a group, so that one group can hold commands of several packages.
COMMANDS: dict[str, tuple[str, str]] = {
    "ingest": (
        "lanes.commands_ingest:ingest",
        "Bring what is new on this machine into the warehouse.",
    ),
    "sources audit": (
        "lanes.commands_sightings:audit",
        "Which source saw what, and what could not be told.",
    ),
    "restore": (
        "lanes.commands_restore:restore",
        "Give a deleted transcript back, in its place.",
    ),
    "schedule show": ("lanes.commands_schedule:show", "What a timer for `agp ingest` looks like."),
    "schedule install": (
        "lanes.commands_schedule:install",
        "Have this machine run `agp ingest` by itself.",
    ),
    "schedule remove": ("lanes.commands_schedule:remove", "Take that timer back."),
    "warehouse rebuild": (
        "agp.rebuild:rebuild",
        "Derive messages and exchanges anew from the stored bytes.",
    ),
    "warehouse diff": (
        "agp.commands_generations:diff",
        "What a rebuild with today's parsers would change.",
    ),
    "sql": (
        "agp.commands_sql:sql",
        "Ask the warehouse in SQL; what can be asked, and examples.",
    ),
    "status": (
        "warehouse.commands_status:status",
        "What the warehouse holds, and how well it was read.",
    ),
    "doctor": (
        "agp.commands_doctor:doctor",
        "Is all here that is needed, and what is about to be lost?",
    ),
    "lineage": (
        "agp.commands_lineage:lineage",
        "From any id to its bytes and to the datasets it is in.",
    ),
    "memories": (
        "lanes.commands_memories:memories",
        "The memories that precede an exchange and are about it.",
    ),
    "warehouse verify": (
        "warehouse.commands_verify:verify",
        "Check that every byte is as it was read.",
    ),
    "warehouse backup": ("warehouse.commands_copies:backup", "Copy the warehouse to a new file."),
    "warehouse restore": (
        "warehouse.commands_copies:restore",
        "Put a backup in its place.",
    ),
    "warehouse compact": (
        "warehouse.commands_copies:compact",
        "Write the file anew without the room that is not used.",
    ),
    "warehouse export": (
        "lanes.commands_export:export",
        "Write the views as Parquet, redacted, for other tools.",
    ),
    "filters list": ("filters.commands:list_rules", "The rules in force, and why each is there."),
    "filters columns": (
        "filters.commands:list_columns",
        "The columns and functions that a rule may use.",
    ),
    "filters test": ("filters.commands:check_rules", "Run every rule's own examples."),
    "filters run": ("filters.commands:run_rules", "Evaluate the rules where that is due."),
    "secrets scan": (
        "filters.commands_secrets:scan_warehouse",
        "Say which secrets stand where, and what to rotate.",
    ),
    "secrets kinds": ("filters.commands_secrets:list_kinds", "The detectors, and what each finds."),
    "secrets redact": (
        "filters.commands_secrets:redact",
        "Replace the secrets of a text by placeholders.",
    ),
    "secrets verify": (
        "filters.commands_verify:verify",
        "Have an independent scanner look over what was written.",
    ),
    "filters audit": (
        "filters.commands_audit:audit_rules",
        "What each rule drops, alone and together.",
    ),
    "filters explain": (
        "filters.commands_audit:explain_exchange",
        "Every rule's word on one exchange.",
    ),
    "filters duplicates": (
        "filters.commands_duplicates:list_duplicates",
        "Copies, near copies, and prompts of one template.",
    ),
    "filters try": ("filters.commands_trial:try_rule", "What a rule not yet written would do."),
    "filters new": ("filters.commands_review:new_rule", "Begin a rule of your own."),
    "filters review": (
        "filters.commands_review:review_rule",
        "Judge what a rule hits; the verdicts are gold.",
    ),
    "filters diff": ("filters.commands_trial:diff_rules", "How two rule sets differ."),
    "filters ablate": (
        "agp.commands_ablate:ablate_rules",
        "What rules are worth to a model that is trained.",
    ),
    "filters ablations": ("agp.commands_ablate:list_ablations", "What ablations found."),
    "labels list": ("labelers.commands:list_functions", "The labeling functions in force."),
    "labels kernel": ("labelers.commands:list_concepts", "The labels they may vote on."),
    "labels columns": ("labelers.commands:list_columns", "The columns they may read."),
    "labels test": ("labelers.commands:check_examples", "Run every function's own examples."),
    "labels run": ("labelers.commands:run_functions", "Bring votes and labels up to date."),
    "labels audit": (
        "labelers.commands_audit:audit_functions",
        "What each function does, and how right it is.",
    ),
    "labels bundles": ("labelers.commands:list_bundles", "Primitives that recur with some words."),
    "labels explain": ("agp.commands_labels:explain_labels", "Every vote on one exchange."),
    "labels review": ("agp.commands_labels:review_labels", "Judge samples; the verdicts are gold."),
    "labels oracle": (
        "labelers.commands_oracle:label_capture",
        "Route and vitality labels of a capture.",
    ),
    "lanes build": ("lanes.commands_build:build", "Build a dataset."),
    "lanes list": ("lanes.commands:list_builds", "List every build."),
    "lanes show": ("lanes.commands:show", "Show a row and the records it was made of."),
    "lanes contamination": (
        "agp.commands_contamination:contamination",
        "Does a build train on what is held out?",
    ),
    "lanes audit": ("lanes.commands:audit", "Say what a build really holds."),
    "lanes diff": ("lanes.commands_diff:diff", "What two builds do not have in common."),
    "export traces": (
        "lanes.traces.commands:traces",
        "Write sessions, redacted, for other people's tools.",
    ),
    "train plan": ("train.commands_plan:plan_stage", "What a run takes: will it fit, how long."),
    "train run": ("train.commands:run_stage", "Train a stage."),
    "train resume": ("train.commands:resume", "Go on with a run that was stopped or killed."),
    "train subset": ("train.commands_subset:subset", "Train a run's random-subset baseline."),
    "train capture": ("train.commands_capture:capture", "Capture a model's states on a pack."),
    "captures list": ("train.commands_capture:list_captures", "List the captures."),
    "captures compare": (
        "train.commands_capture:compare_captures",
        "What training changed, layer by layer.",
    ),
    "captures mark": (
        "train.commands_capture:mark_capture",
        "A semantic projection's confidence in each state.",
    ),
    "captures show": ("train.commands_capture:show_capture", "Show a capture's map of layers."),
    "transfer check": (
        "train.commands_transfer:check",
        "One generation in two processes, compared bit for bit.",
    ),
    "transfer serve": ("train.commands_transfer:serve", "Run the upper layers for others."),
    "transfer send": ("train.commands_transfer:send", "Run the lower layers, send the rest."),
    "bundle make": ("train.commands_bundle:make", "Put what runs trained into one folder."),
    "bundle show": ("train.commands_bundle:show", "Show what a bundle holds, and whose it is."),
    "bundle verify": ("train.commands_bundle:verify", "Check that a bundle is whole and fits."),
    "bundle use": ("train.commands_rollback:use", "Make a bundle current."),
    "bundle list": ("train.commands_rollback:list_bundles", "List the bundles that are kept."),
    "rollback": (
        "train.commands_rollback:rollback",
        "Go back to the bundle that a joint finetune began from.",
    ),
    "captures plot": ("train.commands_plot:plot_capture", "Draw a capture's map of layers."),
    "runs list": ("train.commands:list_runs", "List the runs, the newest first."),
    "runs plot": ("train.commands_plot:plot_run", "Draw a run's losses and curves."),
    "runs show": ("train.commands:show_run", "Show what a run was made of and how it went."),
    "promote": (
        "train.commands_promote:promote",
        "Decide over a run, by the gates fixed beforehand.",
    ),
    "promotions list": ("train.commands_promote:list_promotions", "List every decision."),
    "promotions show": (
        "train.commands_promote:show_promotion",
        "Show a decision with its evidence.",
    ),
    "reproduce": (
        "agp.reproduce:reproduce",
        "Rebuild a run and its dataset in a clean folder, and compare.",
    ),
    "runs compare": ("train.commands_compare:compare_runs", "Two runs side by side."),
    "model show": (
        "train.commands_model:show",
        "Say what a model is: layers, sizes, shared keys and values.",
    ),
    "eval": (
        "train.commands_eval:evaluate",
        "Measure an adapter against its base on held-out prompts.",
    ),
    "generate": (
        "train.commands_generate:generate",
        "Text from a model whose tokens may leave early.",
    ),
    "model build-tiny": (
        "train.commands_model:build_tiny",
        "Train the tiny Gemma 4 from nothing.",
    ),
    "packs build": (
        "train.commands_packs:build",
        "Make a prompt pack from the held-out rows of a dataset.",
    ),
    "packs list": ("train.commands_packs:list_packs", "List the packs that have a name."),
    "packs build-shipped": (
        "train.commands_packs:build_shipped",
        "Make the shipped pack anew.",
    ),
    "packs show": ("train.commands_packs:show", "Say what a prompt pack holds."),
    "model convert-gguf": (
        "train.commands_convert:convert_gguf",
        "Turn a GGUF Gemma 3 into a model folder.",
    ),
    "report": (
        "agp.commands_report:report",
        "One HTML page: data, rules, labels, runs, gates.",
    ),
    "demo": ("agp.demo:demo", "Walk the whole way on a bundled history, offline."),
}
GROUPS = {
    "sources": "How the sources of a history overlap.",
    "schedule": "A timer that runs `agp ingest`.",
    "warehouse": "Look after the warehouse file.",
    "filters": "Rules: what is left out, and why.",
    "secrets": "Credentials and personal data in the history.",
    "labels": "Weak labels: who says what of an exchange, and how surely.",
    "lanes": "Datasets: build, read and audit them.",
    "export": "For other programs: sessions.",
    "model": "Model folders: make, convert, describe.",
    "packs": "Prompt packs: held-out prompts to measure with.",
    "train": "Plan, run and resume training stages.",
    "captures": "States of a model on a pack, and where it could exit.",
    "transfer": "A generation that goes on in another process.",
    "bundle": "All parts of a trained system in one folder.",
    "runs": "Runs and their numbers.",
    "promotions": "Decisions over runs, with their evidence.",
}
