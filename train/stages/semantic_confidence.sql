-- `found` holds a confidence for states at one layer; those at other layers have none.
update trace_layers set semantic = found.semantic
from found
where trace_layers.capture_id = $capture and trace_layers.prompt_id = found.prompt_id
  and trace_layers.step = found.step and trace_layers.layer = found.layer
  and trace_layers.planted is not distinct from found.planted
