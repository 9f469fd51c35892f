-- Bundles: everything that was trained around a model, measured and decided over as a whole.

create table model_bundles (
    bundle_id varchar primary key,       -- of the digest of its manifest
    stage integer not null,              -- the last that brought a part
    model varchar not null,              -- as it was named
    model_digest varchar not null,
    adapter_digest varchar,              -- of the adapter that all parts were trained on
    artifact_sha256 varchar not null,    -- of its manifest, which holds the hash of every file
    manifest varchar not null,           -- JSON
    path varchar not null,               -- the folder, where it lay when it was measured
    seen_at timestamp not null
);

create table model_bundle_parts (
    bundle_id varchar not null,
    role varchar not null,               -- adapter, heads, depth, semantic, codec or thresholds
    run_id varchar                       -- the run that brought it
);
