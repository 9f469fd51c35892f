-- What each view and column means: `agp sql --tables` shows it, and a test wants it complete.

comment on view v_files is 'a source file, in one of its versions';
comment on column v_files.file_id is 'a hash of source, path and version';
comment on column v_files.source is 'which kind of history it belongs to: claude, ...';
comment on column v_files.path is 'where it stands, or stood';
comment on column v_files.kind is 'transcript, subagent, tool_output, paste, metadata or log';
comment on column v_files.session_id is 'the session it belongs to, as its name says';
comment on column v_files.version is
  '1, 2, ...: a rewritten file is a new version, the old one is kept';
comment on column v_files.bytes is 'how many of its bytes are kept here';
comment on column v_files.records is 'how many records (lines, nearly always) they make';
comment on column v_files.quarantined is 'how many of these could not be read';
comment on column v_files.state is
  'present, gone (deleted since) or rewritten (a newer version exists)';
comment on column v_files.first_seen is 'when agp first saw it, UTC';
comment on column v_files.last_read is 'when agp last read from it, UTC';
comment on column v_files.gone_at is 'when it was first missed, UTC';

comment on view v_quarantine is 'a record that could not be read';
comment on column v_quarantine.file_id is 'the file it stands in';
comment on column v_quarantine.path is 'that file''s path';
comment on column v_quarantine.ordinal is 'which record of the file, from 0';
comment on column v_quarantine.byte_offset is 'where it starts in the file';
comment on column v_quarantine.byte_length is 'how long it is, line end included';
comment on column v_quarantine.reason is 'why it could not be read';
comment on column v_quarantine.excerpt is
  'the shape of its first 120 characters: letters are shown as a, digits as 0, other bytes as ?';

comment on view v_sessions is 'a session of any agent';
comment on column v_sessions.session_id is 'the agent''s own id';
comment on column v_sessions.agent is 'claude, codex, ...';
comment on column v_sessions.source is 'which kind of history it comes from';
comment on column v_sessions.project is 'last part of the folder it began in';
comment on column v_sessions.cwd is 'the folder it began in';
comment on column v_sessions.git_branch is 'the branch it began on';
comment on column v_sessions.parent_session_id is 'the session it was forked or resumed from';
comment on column v_sessions.started_at is 'its first message, UTC';
comment on column v_sessions.ended_at is 'its last message, UTC';
comment on column v_sessions.exchanges is
  'how many exchanges it holds; a copied one counts where it was asked first';
comment on column v_sessions.family_id is
  'one for a session, its forks, resumes and subagents; never split between datasets';
comment on column v_sessions.title is 'as the agent named it';
comment on column v_sessions.client_version is 'version of the agent''s program';

comment on view v_exchanges is 'one thing asked, and all that was done until the next was asked';
comment on column v_exchanges.exchange_id is
  'x and 16 hex digits, from the opening message; a forked copy is the same exchange';
comment on column v_exchanges.session_id is 'the session it was asked in';
comment on column v_exchanges.agent is 'claude, codex, ...';
comment on column v_exchanges.source is 'the best source that saw it; its words are shown';
comment on column v_exchanges.project is 'last part of the folder the session began in';
comment on column v_exchanges.ordinal is 'which exchange of its session, from 0';
comment on column v_exchanges.asked_at is 'the opening message, UTC';
comment on column v_exchanges.author is
  'who asked: person, agent (a subagent''s task), command (a slash command) or harness (nobody)';
comment on column v_exchanges.prompt is 'the words that opened it';
comment on column v_exchanges.answer is 'all the words of the agent, in order';
comment on column v_exchanges.tool_calls is 'how many tools were called';
comment on column v_exchanges.tool_errors is 'how many of the calls failed';
comment on column v_exchanges.edits is 'how many of the calls changed a file';
comment on column v_exchanges.interrupted is 'whether the person stopped it';
comment on column v_exchanges.sightings is 'in how many places it was seen';
comment on column v_exchanges.kind is 'prompt, command, task, tick, warmup, notice, ...';
comment on column v_exchanges.agent_id is 'of a subagent''s thread; null: the main thread';
comment on column v_exchanges.caller_id is 'the tool call that started a subagent''s exchange';
comment on column v_exchanges.parent_exchange_id is 'the exchange it continues';
comment on column v_exchanges.opener_id is 'the message that opened it';
comment on column v_exchanges.answered_at is 'its last message, UTC';
comment on column v_exchanges.family_id is 'its session''s family';
comment on column v_exchanges.messages is 'how many messages it holds';
comment on column v_exchanges.on_path is
  'false: the person went back and asked something else instead';
comment on column v_exchanges.api_errors is 'how often the provider failed';
comment on column v_exchanges.complexity is 'as a prompt log scored it; null: none did';
comment on column v_exchanges.logged_tokens is 'as a prompt log counted them; null: none did';
comment on column v_exchanges.prompt_only is
    'whether only histories of what was typed saw it: its answer is not known';

comment on view v_sightings is 'an exchange as one source saw it';
comment on column v_sightings.exchange_id is 'the exchange';
comment on column v_sightings.source is 'which source saw it';
comment on column v_sightings.session_id is 'in which session';
comment on column v_sightings.asked_at is 'when, as that source says, UTC';
comment on column v_sightings.file_id is 'in which file';
comment on column v_sightings.record_ordinal is 'which record of that file opens it';
comment on column v_sightings.complexity is 'as that source scored it';
comment on column v_sightings.tokens is 'as that source counted them, like the three that follow';
comment on column v_sightings.tool_calls is 'how many tools were called';
comment on column v_sightings.tool_errors is 'how many errors there were';
comment on column v_sightings.edits is 'how many files were changed or made';

comment on view v_ambiguous_prompts is
    'an exchange of a prompt log that may be another''s sighting, and was left apart';
comment on column v_ambiguous_prompts.exchange_id is 'the exchange that was left apart';
comment on column v_ambiguous_prompts.session_id is 'its session';
comment on column v_ambiguous_prompts.reason is 'why it could not be told';
comment on column v_ambiguous_prompts.candidates is 'messages it may be the same as';

comment on view v_messages is 'a message, once, however many files repeat it';
comment on column v_messages.message_id is 'the source''s own id, or a hash of the content';
comment on column v_messages.exchange_id is 'the exchange it belongs to';
comment on column v_messages.session_id is 'the session it belongs to';
comment on column v_messages.ordinal is 'which message of its exchange; 0 opened it';
comment on column v_messages.role is 'as the agent''s program has it: user, assistant or system';
comment on column v_messages.author is 'who wrote it: person, agent, command, harness or tool';
comment on column v_messages.text is 'its words, text blocks joined by a blank line';
comment on column v_messages.sent_at is 'UTC';
comment on column v_messages.agent_id is 'of a subagent''s thread; null: the main thread';
comment on column v_messages.kind is 'prompt, answer, tool_result, or the kind of noise';
comment on column v_messages.model is 'which model wrote it';
comment on column v_messages.parent_id is 'the message or other record before it';
comment on column v_messages.api_id is
  'the provider''s id; one API message may stand on several records';
comment on column v_messages.on_path is 'false: hangs on an answer that was given again';
comment on column v_messages.file_id is 'the file of the record that counts';
comment on column v_messages.record_ordinal is 'which record of that file';

comment on view v_tool_calls is 'a tool call and its result';
comment on column v_tool_calls.tool_call_id is 'the provider''s own id';
comment on column v_tool_calls.exchange_id is 'the exchange it belongs to';
comment on column v_tool_calls.tool is 'the common name: Bash, Edit, Read, ...';
comment on column v_tool_calls.original_name is 'the agent''s own name for it';
comment on column v_tool_calls.input is 'its arguments, JSON';
comment on column v_tool_calls.output is 'its result as text; null: none was seen';
comment on column v_tool_calls.ok is 'whether it succeeded; null: not known';
comment on column v_tool_calls.exit_code is 'of a command';
comment on column v_tool_calls.duration_ms is 'how long it took';
comment on column v_tool_calls.message_id is 'the message that called it';
comment on column v_tool_calls.result_message_id is 'the message that brought the result';
comment on column v_tool_calls.message_ordinal is 'which message of the exchange called it';
comment on column v_tool_calls.explicit_error is
  'the source itself said that it failed or succeeded, rather than its text';
comment on column v_tool_calls.rejected is 'the person refused it';
comment on column v_tool_calls.called_at is 'UTC';
comment on column v_tool_calls.on_path is 'false: hangs on an answer that was given again';
comment on column v_tool_calls.returned_at is 'UTC';
comment on column v_tool_calls.output_beside is
  'the output lay in a file of its own, where the transcript has a part';

comment on view v_usage is 'a call of a model''s API, once; the token columns add up, none contains another';
comment on column v_usage.call_id is 'holds the provider''s message, request or response id';
comment on column v_usage.session_id is 'the session that made it';
comment on column v_usage.agent is 'claude, codex, ...';
comment on column v_usage.model is 'which model answered';
comment on column v_usage.called_at is 'UTC';
comment on column v_usage.input_tokens is 'read anew';
comment on column v_usage.cache_read_tokens is 'read from the cache';
comment on column v_usage.cache_write_tokens is 'written to the cache';
comment on column v_usage.output_tokens is 'written, without reasoning that is counted apart';
comment on column v_usage.reasoning_tokens is 'of reasoning, where it is counted apart';

comment on view v_findings is 'where a secret stands in the history; never what it is';
comment on column v_findings.finding_id is 'a hash of the place';
comment on column v_findings.kind is 'what kind of secret, as in its placeholder';
comment on column v_findings.field is 'message, tool input, tool output, memory, session or file';
comment on column v_findings.id is 'of that message, tool call, memory, session or file';
comment on column v_findings.exchange_id is 'the exchange it is part of, if any';
comment on column v_findings.session_id is 'the session it is part of, if any';
comment on column v_findings.start_char is 'where it begins in the text of the field, in characters from 0';
comment on column v_findings.end_char is 'where it ends';
comment on column v_findings.detector is 'which detector found it';
comment on column v_findings.detector_version is 'that detector''s version';
comment on column v_findings.secret is 'a keyed hash: equal for equal secrets of this home';
comment on column v_findings.first_seen is 'UTC';
comment on column v_findings.last_seen is 'UTC: when the text was last looked through';

comment on view v_decisions is 'what a rule said of an exchange, or of a message in it, for a lane';
comment on column v_decisions.rule_set is 'hash of the rule set';
comment on column v_decisions.rule_id is 'the rule''s name';
comment on column v_decisions.lane is 'the dataset it speaks for: sft, routing, semantic, ...';
comment on column v_decisions.exchange_id is 'the exchange';
comment on column v_decisions.message_id is 'the message, for a rule on messages';
comment on column v_decisions.action is 'drop, keep, flag, weight, strip or redact';
comment on column v_decisions.evidence is 'the expression that was true of it, and what it read (of texts only their length)';

comment on view v_memories is 'a memory: the newest version of a row of memory_turns';
comment on column v_memories.memory_id is 'a hash of where the row stands and its key';
comment on column v_memories.place is 'host and table, or the name of a file of rows';
comment on column v_memories.row_key is 'the values of its key, as JSON';
comment on column v_memories.conversation_id is 'as the table says; often a session';
comment on column v_memories.role is 'whose words: user, assistant, ...';
comment on column v_memories.text is 'the words';
comment on column v_memories.phase is 'exploration, consolidation, synthesis, debugging, planning';
comment on column v_memories.salience is '0 to 1, as the table says';
comment on column v_memories.domain is 'as the table says';
comment on column v_memories.task_type is 'as the table says';
comment on column v_memories.project is 'where the table has one';
comment on column v_memories.created_at is 'UTC';
comment on column v_memories.updated_at is 'UTC';
comment on column v_memories.deleted is 'the row is gone, or marked as deleted; its last words stay';
comment on column v_memories.deleted_at is 'when it was marked, or seen to be gone; UTC';
comment on column v_memories.versions is 'how many versions of the row were seen';
comment on column v_memories.dimensions is 'of the embedding; null: it has none';
comment on column v_memories.embedding is 'a vector of any dimension';
comment on column v_memories.phase_confidence is 'as the table says';
comment on column v_memories.depth is 'of its trajectory, as the table says';
comment on column v_memories.sibling_order is 'of its trajectory, as the table says';
comment on column v_memories.homogeneity is 'of its trajectory, as the table says';
comment on column v_memories.temporal is 'of its trajectory, as the table says';
comment on column v_memories.complexity is 'of its trajectory, as the table says';
comment on column v_memories.content_hash is 'as the table says; null on old rows';
comment on column v_memories.file_id is 'the page or file that holds this version';
comment on column v_memories.record_ordinal is 'its record there';

comment on view v_memory_versions is 'a version of a row of any memory table, or that it is gone';
comment on column v_memory_versions.memory_id is 'a hash of where the row stands and its key';
comment on column v_memory_versions.place is 'host and table, or the name of a file of rows';
comment on column v_memory_versions.row_key is 'the values of its key, as JSON';
comment on column v_memory_versions.deleted is 'the row was no longer there';
comment on column v_memory_versions.seen_at is 'when this version was read, UTC';
comment on column v_memory_versions.file_id is 'the page or file that holds it';
comment on column v_memory_versions.record_ordinal is 'its record there';

comment on view v_memory_edges is 'a row of memory_turn_edges: one memory leads to another';
comment on column v_memory_edges.parent_id is 'a memory';
comment on column v_memory_edges.child_id is 'a memory that followed it';
comment on column v_memory_edges.edge_type is 'as the table says';
comment on column v_memory_edges.created_at is 'UTC';
comment on column v_memory_edges.deleted is 'the row is gone, or marked as deleted';
comment on column v_memory_edges.file_id is 'the page or file that holds it';
comment on column v_memory_edges.record_ordinal is 'its record there';

comment on view v_lane_rows is 'an exchange in a row of a dataset; a row of several turns has several';
comment on column v_lane_rows.build_id is 'the dataset; a hash of its content';
comment on column v_lane_rows.lane is 'sft, routing, semantic, ...';
comment on column v_lane_rows.split is 'train, heads, valid, calib or test';
comment on column v_lane_rows.row is 'which line of the split''s file, from 0';
comment on column v_lane_rows.turn is 'which exchange of the row, from 0';
comment on column v_lane_rows.exchange_id is 'the exchange';
comment on column v_lane_rows.session_id is 'its session';
comment on column v_lane_rows.weight is 'how much it counts in training';
comment on column v_lane_rows.supervised is 'the row is there for it; no: it is repeated as context, or earns nothing';

comment on view v_votes is 'a vote of a labeling function; where it abstained there is no row';
comment on column v_votes.labeler is 'the labeling function: `agp labels list`';
comment on column v_votes.version is 'a hash of all that decides its votes';
comment on column v_votes.exchange_id is 'the exchange';
comment on column v_votes.label is 'the label it speaks of: a primitive, an invariant, ...';
comment on column v_votes.holds is 'true: the label holds; false: it does not';
comment on column v_votes.confidence is '0 to 1, as the function''s author thinks';

comment on view v_labels is 'how probable a label is for an exchange; none where nothing voted';
comment on column v_labels.exchange_id is 'the exchange';
comment on column v_labels.label is 'a primitive, an invariant, ...';
comment on column v_labels.probability is 'that it holds, 0 to 1';
comment on column v_labels.source is
  'what it was made by: majority or dawid-skene (of the votes), or review (a person said so)';

comment on view v_scripts is 'the letters of each script in what was asked (its first 2,000 characters)';
comment on column v_scripts.exchange_id is 'the exchange';
comment on column v_scripts.script is
  'latin, nko, arabic, other, mixed (two hold above a tenth of the letters) or none';
comment on column v_scripts.right_to_left is
  'its first letter is of a script that runs from right to left';
comment on column v_scripts.latin is 'Latin letters';
comment on column v_scripts.nko is 'N''Ko letters, U+07CA to U+07EA';
comment on column v_scripts.arabic is 'Arabic letters';
comment on column v_scripts.other is 'letters of all other scripts';

comment on view v_bundles is 'a concept bundle: primitives that recur with some words';
comment on column v_bundles.bundle_id is 'named in the kernel, or a hash of its word';
comment on column v_bundles.origin is 'kernel, or history: found in it';
comment on column v_bundles.name is 'its name, or its word';
comment on column v_bundles.words is 'one of them is in every member';
comment on column v_bundles.primitives is 'one of them is likely in every member';
comment on column v_bundles.exchanges is 'how many members it has';
comment on column v_bundles.sessions is 'how many sessions they are from';

comment on view v_bundle_members is 'an exchange in a bundle; it may be in several';
comment on column v_bundle_members.exchange_id is 'the exchange';
comment on column v_bundle_members.bundle_id is 'the bundle';
comment on column v_bundle_members.strength is
  'mean probability of the bundle''s primitives in it, 0 to 1';

comment on view v_neighbours is 'one of the five exchanges nearest to an exchange, of those that share a bundle with it';
comment on column v_neighbours.exchange_id is 'the exchange';
comment on column v_neighbours.neighbour_id is 'the other one';
comment on column v_neighbours.rank is '1 is the nearest';
comment on column v_neighbours.similarity is 'cosine of their text vectors, 0 to 1';

comment on view v_process is 'how an exchange went, from its tool calls and words: what routing reads';
comment on column v_process.exchange_id is 'the exchange';
comment on column v_process.session_id is 'its session';
comment on column v_process.outcome is
  'how it ended: interrupted, unanswered, failed (its last tool call or the API), checked (its last test or linter passed), done';
comment on column v_process.session_outcome is 'the outcome of the last exchange of its session';
comment on column v_process.corrected is 'the next prompt says that it went wrong';
comment on column v_process.calls is 'tool calls';
comment on column v_process.succeeded is 'tool calls that succeeded';
comment on column v_process.failed is 'tool calls of which the source itself said that they failed';
comment on column v_process.failed_inferred is
  'tool calls whose failure was read from their text or exit code';
comment on column v_process.rejected is 'tool calls that the person refused';
comment on column v_process.unanswered is 'tool calls without a result';
comment on column v_process.shell is 'calls of the shell';
comment on column v_process.reads is 'files read';
comment on column v_process.searches is 'searches by name or content';
comment on column v_process.edits is 'calls that change a file';
comment on column v_process.web is 'pages fetched and searches in the web';
comment on column v_process.edited_files is 'different files changed';
comment on column v_process.most_edits_of_a_file is 'changes of the file that was changed most';
comment on column v_process.retries is 'calls of a tool right after a failed call of the same tool';
comment on column v_process.repeats is 'calls with the very arguments of an earlier call';
comment on column v_process.recoveries is 'failed calls after which the same tool succeeded';
comment on column v_process.reverts is
  'shell commands that throw changes away: git restore, reset --hard, checkout --, stash, revert';
comment on column v_process.checks is 'shell commands that run tests, linters or type checkers';
comment on column v_process.failed_checks is 'checks that failed';
comment on column v_process.last_call_ok is
  'whether the last tool call succeeded; null: none, or not known';
comment on column v_process.answer_messages is 'messages of the agent with words';
comment on column v_process.tool_rounds is 'messages of the agent with tool calls';
comment on column v_process.steered is 'messages that the person typed while it ran';
comment on column v_process.interrupted is 'the person stopped it';
comment on column v_process.hedges is
  'phrases of doubt in the answer: might, probably, not sure, ...';
comment on column v_process.assurances is
  'phrases of certainty in the answer: verified, tests pass, ...';
comment on column v_process.corrects is 'its own prompt says that the exchange before went wrong';

comment on view v_routes is
  'an oracle''s label of a position at a candidate layer: of its real state, or of a damaged copy';
comment on column v_routes.label_version is 'hash of the thresholds and of the SQL that made it';
comment on column v_routes.capture_id is 'the capture';
comment on column v_routes.prompt_id is 'the prompt of the pack';
comment on column v_routes.split is 'its split';
comment on column v_routes.step is 'which token of the continuation';
comment on column v_routes.layer is 'the candidate layer: the state before it';
comment on column v_routes.planted is 'how the state was damaged; null: it is real';
comment on column v_routes.earliest is
  'layers to run until every later candidate is acceptable too; the model''s depth where none is';
comment on column v_routes.first is 'layers to run until one candidate is acceptable';
comment on column v_routes.flips is 'candidates that were acceptable while the next one was not';
comment on column v_routes.route is 'accept_local, continue_local, revive_local or escalate';
comment on column v_routes.confidence is
  '0 to 1: full depth''s margin, and how far the label is from its thresholds';
comment on column v_routes.vitality is 'alive, weak, revive_needed or dead';
comment on column v_routes.vitality_score is
  '0 to 1: how ordinary the state is beside the training side of its own layer';

comment on view v_route_prompts is 'a prompt''s continuation under an oracle';
comment on column v_route_prompts.label_version is 'version of the labels';
comment on column v_route_prompts.capture_id is 'the capture';
comment on column v_route_prompts.prompt_id is 'the prompt of the pack';
comment on column v_route_prompts.split is 'its split';
comment on column v_route_prompts.positions is 'tokens of the continuation';
comment on column v_route_prompts.earliest is 'layers that serve every position';
comment on column v_route_prompts.mean_earliest is 'mean layers where each position stops on its own';
comment on column v_route_prompts.mean_first is 'mean layers to the first agreement, flips or not';
comment on column v_route_prompts.flips is 'flips over all positions';

comment on view v_runs is 'a training run';
comment on column v_runs.run_id is 'its name';
comment on column v_runs.stage is '0 to 6';
comment on column v_runs.model is 'as it was named';
comment on column v_runs.base_run_id is 'the run it continues from';
comment on column v_runs.build_id is 'the dataset';
comment on column v_runs.state is 'running, finished, early, stopped, failed or interrupted';
comment on column v_runs.started_at is 'UTC';
comment on column v_runs.seconds is 'spent in steps';
comment on column v_runs.reason is 'why it failed';
comment on column v_runs.adapter is 'folder of its best adapter';
comment on column v_runs.model_digest is 'hash of the model''s files';
comment on column v_runs.path is 'folder of the run';

comment on view v_metrics is 'a measured value of a run';
comment on column v_metrics.run_id is 'the run or the bundle';
comment on column v_metrics.stage is 'its stage';
comment on column v_metrics.name is 'what was measured';
comment on column v_metrics.split is 'on what: train, valid, heads, calib or test';
comment on column v_metrics.value is 'the value';
comment on column v_metrics.low is 'lower end of its 95 % interval';
comment on column v_metrics.high is 'upper end of its 95 % interval';
comment on column v_metrics.n is 'how many units were measured';
comment on column v_metrics.step is 'the training step it belongs to';
comment on column v_metrics.pack is 'the prompt pack it was measured on';

comment on view v_gates is 'a gate and its verdict: the newest of each run on each pack';
comment on column v_gates.run_id is 'the run or the bundle';
comment on column v_gates.stage is 'its stage';
comment on column v_gates.name is 'its name in the file of gates';
comment on column v_gates.threshold is 'what the value is held against';
comment on column v_gates.value is 'what was measured';
comment on column v_gates.low is 'lower end of its 95 % interval';
comment on column v_gates.high is 'upper end of its 95 % interval';
comment on column v_gates.n is 'how many prompts or texts were measured';
comment on column v_gates.verdict is 'passed, failed, or too_few to tell';
comment on column v_gates.rule is 'what passes, in words';
comment on column v_gates.pack is 'name of the prompt pack';
comment on column v_gates.pack_digest is 'hash of the pack';
comment on column v_gates.gates_digest is 'hash of the gates, taken before the test split was read';
comment on column v_gates.decided_at is 'UTC';

comment on view v_model_bundles is 'everything that was trained around a model, in one folder';
comment on column v_model_bundles.bundle_id is 'its name: the hash of its manifest';
comment on column v_model_bundles.stage is 'the last stage that brought a part';
comment on column v_model_bundles.model is 'as it was named';
comment on column v_model_bundles.model_digest is 'hash of the model''s files';
comment on column v_model_bundles.adapter_digest is 'hash of the adapter that all parts were trained on';
comment on column v_model_bundles.artifact_sha256 is 'hash of its manifest, which holds that of every file';
comment on column v_model_bundles.path is 'folder where it lay when it was measured';
comment on column v_model_bundles.seen_at is 'UTC';

comment on view v_model_bundle_parts is 'a part of a bundle and the run that brought it';
comment on column v_model_bundle_parts.bundle_id is 'the bundle';
comment on column v_model_bundle_parts.role is 'adapter, heads, depth, semantic, codec or thresholds';
comment on column v_model_bundle_parts.run_id is 'the run';

comment on view v_ablations is 'a trial of what rules are worth: a model trained with them and without';
comment on column v_ablations.ablation_id is 'its id';
comment on column v_ablations.rules is 'the rules that were taken away';
comment on column v_ablations.lane is 'the dataset that was built both ways';
comment on column v_ablations.model is 'the base model';
comment on column v_ablations.rows_with is 'rows of the train split under all rules';
comment on column v_ablations.rows_without is 'rows without these rules';
comment on column v_ablations.tokens_with is 'tokens that a run learned from, repeats included';
comment on column v_ablations.tokens_without is 'the same without these rules: as near as whole steps allow';
comment on column v_ablations.pack is 'the prompts that were measured';
comment on column v_ablations.split is 'and their split';
comment on column v_ablations.seeds is 'runs on either side';
comment on column v_ablations.value is 'with − without, nats a token, mean over seeds: below 0, the rules help';
comment on column v_ablations.low is '2.5 % of its interval, over prompts';
comment on column v_ablations.high is '97.5 % of it';
comment on column v_ablations.n is 'prompts; 0: both datasets are the same';
comment on column v_ablations.verdict is 'helps, hurts, no difference seen, too few, or same data';
comment on column v_ablations.made_at is 'UTC';
comment on column v_ablations.path is 'folder with ablation.json';
comment on view v_promotions is 'a decision over a run or a bundle, with its evidence';
comment on column v_promotions.promotion_id is 'a hash of the evidence';
comment on column v_promotions.run_id is 'the run or the bundle';
comment on column v_promotions.stage is 'its stage';
comment on column v_promotions.decision is 'promote, hold or reject';
comment on column v_promotions.decided_at is 'UTC';
comment on column v_promotions.reason is 'what decided, in words';
comment on column v_promotions.model is 'the base model';
comment on column v_promotions.build_id is 'the dataset that the run was trained on';
comment on column v_promotions.artifact_sha256 is 'hash of the checkpoint that was measured';
comment on column v_promotions.path is 'folder with record.json and record.md';

comment on view v_test_openings is 'a look at the test split of a prompt pack';
comment on column v_test_openings.run_id is 'the run that was evaluated';
comment on column v_test_openings.stage is 'its stage';
comment on column v_test_openings.pack is 'name of the prompt pack';
comment on column v_test_openings.pack_digest is 'hash of the pack';
comment on column v_test_openings.gates_digest is 'hash of the gates as they stood then';
comment on column v_test_openings.opened_at is 'UTC';

comment on view v_clusters is 'an exchange that says what another one says, or nearly; alone it has no row';
comment on column v_clusters.exchange_id is 'the exchange';
comment on column v_clusters.cluster_id is 'the best of them: of the highest source, with most steps, the earliest';
comment on column v_clusters.method is
  'how it repeats the best: exact; normalised (but for case, spaces, marks); near (but for a few letters)';
comment on column v_clusters.representative is 'it is the best itself';
comment on column v_clusters.similarity is
  'of a near copy: share of the shingles that it and the nearest one to it have in common';

comment on view v_templates is 'an exchange whose prompt was made from words that many others have too';
comment on column v_templates.exchange_id is 'the exchange';
comment on column v_templates.template_id is 'of the words that they share';
comment on column v_templates.members is 'exchanges of the template';
