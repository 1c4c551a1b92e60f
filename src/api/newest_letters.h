// The newest dead letters of a file, read from its end: however large the letters are, and without holding the file in
// memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/rest_call.h"
#include "storage/file_system.h"

namespace sluice::api {

// A letter whose line is longer is shown without its record. Records of the usual largest size, 1 MiB, are shown.
inline constexpr std::uint64_t kShownLetterBytes = 2u << 20;
// Of all records of one list: those behind it are shown without.
inline constexpr std::uint64_t kShownLettersBytes = 24u << 20;
// Read of one file at most, from its end. A file of letters has about 64 MiB (export/dead_letter_share.h).
inline constexpr std::uint64_t kMostLetterBytes = 128u << 20;

struct NewestLetters {
  std::vector<RestJson> letters;  // the newest first; {"record": null, "recordBytes": N} for a long one
  std::uint64_t bytes = 0;        // of the file
  std::uint64_t lines = 0;        // of what was read
  bool whole = true;              // all was read
};

// The newest `at_most` letters of one file. A file that does not exist has none. What is no letter is left out. `room`:
// bytes that may be shown still; less by those that are.
storage::FileResult<NewestLetters> newest_letters(storage::FileSystem& files, const std::string& path,
                                                  std::size_t at_most, std::uint64_t& room);

}  // namespace sluice::api
