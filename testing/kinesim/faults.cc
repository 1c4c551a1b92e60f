#include "kinesim/faults.h"

#include <algorithm>
#include <array>

namespace kinesim {
namespace {
constexpr std::array<std::pair<FaultKind, const char*>, 8> kKinds = {{
    {FaultKind::record_error, "record_error"},
    {FaultKind::call_error, "call_error"},
    {FaultKind::latency, "latency"},
    {FaultKind::reset_before, "reset_before"},
    {FaultKind::reset_after, "reset_after"},
    {FaultKind::truncate, "truncate"},
    {FaultKind::missing_records, "missing_records"},
    {FaultKind::garbage, "garbage"},
}};
}  // namespace

std::optional<FaultKind> parse_fault_kind(std::string_view text) {
  for (const auto& [kind, name] : kKinds)
    if (text == name) return kind;
  return std::nullopt;
}

const char* fault_kind_text(FaultKind kind) { return kKinds[static_cast<std::size_t>(kind)].second; }

std::uint64_t FaultPlan::add(FaultRule rule) {
  const std::lock_guard lock(mutex_);
  rule.id = next_id_++;
  const std::uint64_t seed = rule.seed;
  rules_.push_back(Armed{std::move(rule), sluice::Random(seed)});
  armed_ = true;
  return rules_.back().rule.id;
}

bool FaultPlan::remove(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const bool removed = std::erase_if(rules_, [id](const Armed& armed) { return armed.rule.id == id; }) != 0;
  armed_ = !rules_.empty();
  return removed;
}

void FaultPlan::clear() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
  armed_ = false;
}

std::vector<FaultRule> FaultPlan::rules() const {
  const std::lock_guard lock(mutex_);
  std::vector<FaultRule> out;
  for (const auto& armed : rules_) out.push_back(armed.rule);
  return out;
}

bool FaultPlan::concerns(const FaultRule& rule, std::string_view operation, std::string_view stream,
                         std::int64_t now_ms) {
  return (rule.operation.empty() || rule.operation == operation) && (rule.stream.empty() || rule.stream == stream) &&
         (!rule.left || *rule.left > 0) && now_ms >= rule.from_ms && (rule.until_ms == 0 || now_ms < rule.until_ms);
}

bool FaultPlan::strikes(Armed& armed) {
  if (armed.rule.probability < 1 && armed.random.unit() >= armed.rule.probability) return false;
  if (armed.rule.left) --*armed.rule.left;
  ++armed.rule.hits;
  return true;
}

CallFaults FaultPlan::for_call(std::string_view operation, std::string_view stream, std::int64_t now_ms,
                               std::string_view body) {
  CallFaults out;
  if (!armed_) return out;
  const std::lock_guard lock(mutex_);
  for (auto& armed : rules_) {
    const FaultRule& rule = armed.rule;
    if (!concerns(rule, operation, stream, now_ms)) continue;
    if (rule.kind == FaultKind::record_error) {
      out.records = true;
      continue;
    }
    if (body.size() < rule.least_bytes || body.find(rule.containing) == body.npos || !strikes(armed)) continue;
    switch (rule.kind) {
      case FaultKind::call_error:
        out.error = ApiError{rule.status, rule.code, rule.message};
        break;
      case FaultKind::latency:
        out.latency_ms += rule.latency_ms;
        if (rule.jitter_ms > 0)
          out.latency_ms +=
              static_cast<std::int64_t>(armed.random.below(static_cast<std::uint64_t>(rule.jitter_ms) + 1));
        break;
      case FaultKind::reset_before:
        out.reset_before = true;
        break;
      case FaultKind::reset_after:
        out.reset_after = true;
        break;
      case FaultKind::truncate:
        out.truncate = true;
        break;
      case FaultKind::missing_records:
        out.missing_records = true;
        break;
      case FaultKind::garbage:
        out.garbage = true;
        break;
      case FaultKind::record_error:
        break;
    }
  }
  return out;
}

bool FaultPlan::for_record(std::string_view operation, std::string_view stream, std::uint32_t shard,
                           std::int64_t now_ms, PutOutcome& outcome) {
  const std::lock_guard lock(mutex_);
  for (auto& armed : rules_) {
    const FaultRule& rule = armed.rule;
    if (rule.kind != FaultKind::record_error || !concerns(rule, operation, stream, now_ms)) continue;
    if ((rule.shard && *rule.shard != shard) || !strikes(armed)) continue;
    outcome.error_code = rule.code;
    outcome.error_message = rule.message;
    if (rule.message.empty())
      outcome.error_message =
          rule.code == "ProvisionedThroughputExceededException"
              ? "Rate exceeded for shard " + shard_id(shard) + " in stream " + std::string(stream) + "."
              : "Internal Service Failure";
    return true;
  }
  return false;
}

}  // namespace kinesim
