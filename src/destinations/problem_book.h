// The current problems, one for each thing that can fail, and the notes: since when, how often, when tried next.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "export/health.h"

namespace sluice::destinations {

// In the order in which one is shown rather than another of the same weight.
enum class Trouble : std::uint8_t {
  settings,
  dead_letters,
  storage,
  credentials,
  calls,
  held_events,
  throttling,
  progress
};

class ProblemBook {
 public:
  // Sets or renews; a problem with the same code keeps its start time and its count.
  void set(Trouble trouble, exporting::Problem problem, std::int64_t now_ms, std::int64_t next_try_ms = 0);
  // Sets one that brings its own times and count.
  void show(Trouble trouble, exporting::Problem problem) { problems_.insert_or_assign(trouble, std::move(problem)); }
  void clear(Trouble trouble) { problems_.erase(trouble); }
  bool has(Trouble trouble) const { return problems_.contains(trouble); }
  std::optional<exporting::Problem> worst() const;

  // Notes by code. One with a time to live goes when it was not renewed for so long; 0: stays until cleared.
  void note(exporting::Problem note, std::int64_t now_ms, std::int64_t live_ms = 0);
  // A note that brings its own times and count; stays until cleared.
  void show_note(exporting::Problem note) {
    const std::string code = note.code;
    notes_.insert_or_assign(code, Note{std::move(note), INT64_MAX});
  }
  void clear_note(const std::string& code) { notes_.erase(code); }
  std::vector<exporting::Problem> notes(std::int64_t now_ms) const;

 private:
  struct Note {
    exporting::Problem problem;
    std::int64_t until_ms;
  };
  static void renew(exporting::Problem& problem, const exporting::Problem* before, std::int64_t now_ms);
  std::map<Trouble, exporting::Problem> problems_;
  std::map<std::string, Note> notes_;
};

}  // namespace sluice::destinations
