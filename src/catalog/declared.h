// Projects, environments and destinations as a configuration file declares them (docs/configuration.md):
//
//   [[project]]      key, name, id
//   [[environment]]  project, key, name, id, sdk_keys, mobile_keys, allowed_origins, allowed_headers
//                    feature_events, export_new_flags, export_all_flags
//   [[flag]]         project, environment, key, export, variation_names
//   [[destination]]  name, project, environment, id, kind, on, start, kinds, only_… and never_… of flags, events and
//   context_kinds,
//                    sample_one_in, drop_attributes, hash_attributes, hash_keys_of, hash_secret, add_fields, and the
//                    settings of its kind
//
// An id that is not given is derived from the keys, the same on every machine and at every start.
#pragma once

#include <memory>
#include <string>

#include "catalog/fields.h"
#include "catalog/snapshot.h"
#include "config/toml_table.h"

namespace sluice::catalog {

// Reads the lists. Every fault is noted in the tables' own list; the snapshot is worth keeping only if there was
// none.
std::shared_ptr<const CatalogSnapshot> read_declared_catalog(config::TomlTable& root, const DestinationKinds& kinds);

// The id used when none is given: the first 12 bytes of SHA-256 over kind and keys.
ObjectId derived_id(std::string_view kind, std::string_view keys);

}  // namespace sluice::catalog
