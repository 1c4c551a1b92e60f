// Why a pipeline cannot read on in the journal, and when it asks again: after growing pauses (export/limits.h), for as
// long as it takes. Told in the log when it begins, changes and ends. The pipeline's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "export/health.h"
#include "storage/file_system.h"

namespace sluice::exporting {

class JournalProblem {
 public:
  // `clock` outlives it.
  JournalProblem(std::string destination_name, const Clock& clock)
      : destination_name_(std::move(destination_name)), clock_(clock) {}

  // The disk did not give what lies there.
  void note_read_failure(const storage::FileError& failure);
  // The journal was asked, and this came. `code` and `remedy` are literals.
  void note(Problem::Weight weight, const char* code, std::string message, const char* remedy);
  // It was read.
  void clear();

  const std::optional<Problem>& current() const { return problem_; }
  // When the journal is asked again (steady clock, microseconds); in the past while it may be; nothing to wait for: 0.
  std::int64_t next_try_us() const { return problem_ ? next_try_us_ : 0; }
  // Whether it is too early to ask again.
  bool pauses() const { return clock_.steady_us() < next_try_us(); }

 private:
  const std::string destination_name_;
  const Clock& clock_;
  std::optional<Problem> problem_;
  std::int64_t next_try_us_ = 0;
};

}  // namespace sluice::exporting
