// What the ledger expects of tees, buckets and webhooks alone.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "base/base64.h"
#include "bucket.h"
#include "event/original.h"
#include "event_service.h"
#include "ledger.h"
#include "payload_letters.h"

namespace sluice::simulation {

std::vector<PayloadLetter> payload_letters_of(const std::string& dead_letters) {
  std::vector<PayloadLetter> letters;
  std::istringstream lines(dead_letters);
  for (std::string line; std::getline(lines, line);) {
    const auto read = nlohmann::json::parse(line, nullptr, false);
    if (!read.is_object()) continue;
    PayloadLetter letter;
    letter.code = read.value("code", "");
    const std::string bytes = base64_decode(read["record"].value("payload", "")).value_or("");
    if (const auto original = event::read_original(bytes)) {
      letter.number = Sdk::number_of(original->header(event::kPayloadIdHeader));
      letter.body = original->body;
    }
    letters.push_back(std::move(letter));
  }
  return letters;
}

std::set<std::uint64_t> payloads_in_letters(const std::string& dead_letters) {
  std::set<std::uint64_t> numbers;
  for (const PayloadLetter& letter : payload_letters_of(dead_letters)) numbers.insert(letter.number);
  return numbers;
}

// What a tee forwarded is byte for byte what SDKs of its environment sent.
std::optional<std::string> Ledger::foreign_payload(const Tracked& destination, const Service& service) const {
  const auto* const events = dynamic_cast<const EventService*>(&service);
  if (events == nullptr) return std::nullopt;
  std::map<std::uint64_t, const Payload*> by_number;
  std::map<std::uint64_t, const Payload*> by_mark;
  for (const Payload& payload : payloads) {
    if (payload.environment != destination.environment) {
      if (events->credentials().contains(payload.sdk_key))
        return fmt::format("took a payload under the key {} of another environment", payload.sdk_key);
      continue;
    }
    by_number[payload.number] = &payload;
    for (const SentEvent& event : payload.events) by_mark[event.mark] = &payload;
  }
  for (const auto& [number, body] : events->bodies()) {
    const auto found = by_number.find(number);
    if (found == by_number.end()) return fmt::format("took payload {}, which nobody of the environment sent", number);
    if (found->second->body() != body) return fmt::format("took payload {} with other bytes than were sent", number);
  }
  for (const auto& [id, body] : events->parts()) {
    const auto marks = marks_in(body);
    const auto found = marks.empty() ? by_mark.end() : by_mark.find(marks.front());
    if (found == by_mark.end()) return fmt::format("took part {}, which nobody of the environment sent", id);
    const std::string_view inside = std::string_view(body).substr(1, body.size() - 2);
    if (found->second->body().find(inside) == std::string_view::npos)
      return fmt::format("took part {} with other bytes than payload {} has", id, found->second->number);
  }
  return std::nullopt;
}

// A payload is given up when it was refused, or is too old; and it is kept as it was sent.
std::optional<std::string> Ledger::wrong_payload_letter(const Judged& judged) const {
  for (const PayloadLetter& letter : payload_letters_of(judged.dead_letters)) {
    const auto payload = std::find_if(payloads.begin(), payloads.end(),
                                      [&](const Payload& each) { return each.number == letter.number; });
    if (payload == payloads.end()) return "a dead letter is of no payload that was sent";
    if (payload->body() != letter.body) return fmt::format("the dead letter of payload {} is changed", letter.number);
    if (letter.code != "too_old" && !judged.takings.refused.contains(letter.number))
      return fmt::format("payload {} was given up ({}), and was never refused", letter.number, letter.code);
  }
  return std::nullopt;
}

// An event lies in one object of those that are no replays, and in one of each replay.
std::optional<std::string> Ledger::doubled(const Tracked& destination, const Service& service,
                                           const Happened& happened) const {
  const auto* const bucket = dynamic_cast<const Bucket*>(&service);
  if (bucket == nullptr || destination.lost_cursor || happened.may_store_again() || happened.rotten_manifests > 0)
    return std::nullopt;
  for (const auto& [space, lies] : bucket->lies()) {
    if (space == "retry") continue;
    for (const auto& [mark, objects] : lies)
      if (objects > 1) return fmt::format("m{} lies in {} objects ({})", mark, objects, space);
  }
  return std::nullopt;
}

}  // namespace sluice::simulation
