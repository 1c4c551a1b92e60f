#include "destinations/problem_book.h"

#include <utility>

namespace sluice::destinations {

void ProblemBook::renew(exporting::Problem& problem, const exporting::Problem* before, std::int64_t now_ms) {
  const bool goes_on = before != nullptr && before->code == problem.code;
  problem.since_ms = goes_on ? before->since_ms : now_ms;
  problem.times = goes_on ? before->times + 1 : 1;
  problem.last_seen_ms = now_ms;
}

void ProblemBook::set(Trouble trouble, exporting::Problem problem, std::int64_t now_ms, std::int64_t next_try_ms) {
  const auto before = problems_.find(trouble);
  renew(problem, before == problems_.end() ? nullptr : &before->second, now_ms);
  problem.next_try_ms = next_try_ms;
  problems_.insert_or_assign(trouble, std::move(problem));
}

std::optional<exporting::Problem> ProblemBook::worst() const {
  const exporting::Problem* worst = nullptr;
  for (const auto& [trouble, problem] : problems_)
    if (worst == nullptr || problem.weight > worst->weight) worst = &problem;
  return worst == nullptr ? std::nullopt : std::optional(*worst);
}

void ProblemBook::note(exporting::Problem note, std::int64_t now_ms, std::int64_t live_ms) {
  const auto before = notes_.find(note.code);
  renew(note, before == notes_.end() ? nullptr : &before->second.problem, now_ms);
  const std::string code = note.code;
  notes_.insert_or_assign(code, Note{std::move(note), live_ms == 0 ? INT64_MAX : now_ms + live_ms});
}

std::vector<exporting::Problem> ProblemBook::notes(std::int64_t now_ms) const {
  std::vector<exporting::Problem> notes;
  for (const auto& [code, note] : notes_)
    if (now_ms < note.until_ms) notes.push_back(note.problem);
  return notes;
}

}  // namespace sluice::destinations
