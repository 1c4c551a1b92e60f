// The names of a spool's files, whether one is still what was sealed, and a look at what lies sealed in a spool that no
// sink has open. Any thread that may read the disk. On disk: docs/s3-spool-format.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "destinations/s3/manifest.h"
#include "export/sealed_events.h"
#include "storage/file_system.h"

namespace sluice::s3 {

inline constexpr std::string_view kObjectSuffix = ".object", kManifestSuffix = ".json",
                                  kHalfManifestSuffix = ".json.new", kDamagedSuffix = ".damaged";

std::string spool_object_path(const std::string& folder, std::uint64_t number);
std::string spool_manifest_path(const std::string& folder, std::uint64_t number);
// The number that the file's name begins with, and what follows it. Nothing: the file is none of a spool's.
std::optional<std::pair<std::uint64_t, std::string_view>> spool_name(std::string_view name);

// Whether the object's file has the bytes of its manifest. Reads all of it, a piece at a time; an error when it cannot
// be.
storage::FileResult<bool> is_whole(storage::FileSystem& files, const std::string& path, const Manifest& manifest);

// By manifests, in the order of their numbers. Reads only; one that cannot be read is logged.
std::vector<exporting::SealedEvents> sealed_in_spool(storage::FileSystem& files, const std::string& folder);

}  // namespace sluice::s3
