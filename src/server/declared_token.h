// The access token of a server whose projects are declared in its configuration file: there is no catalog that keeps
// tokens. It opens /status, /flags and /metrics.
#pragma once

#include <string>

#include "api/caller_gate.h"
#include "base/result.h"
#include "storage/file_system.h"

namespace sluice::server {

inline constexpr const char* kDeclaredTokenFile = "admin-token";  // in the data directory, for its owner only

// `preset` if it is not empty; else the one in DATA_DIR/admin-token, which the first start creates.
Result<std::string> declared_token(storage::FileSystem& files, const std::string& data_dir, const std::string& preset);
// Knows this token alone, as an administrator's.
api::CallerLookup lookup_of(const std::string& token);

}  // namespace sluice::server
