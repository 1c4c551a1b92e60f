// Any bytes as a flag, as evaluations and as a patch of one: what comes out is JSON when what went in was, and the same
// JSON but for the switched members; what cannot be read comes back byte for byte.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "relay/flag_rewrite.h"
#include "relay/json_scan.h"

namespace {

using nlohmann::json;
using namespace sluice::relay;

void require(bool holds, const char* what, std::string_view text, std::string_view out) {
  if (holds) return;
  std::fprintf(stderr, "%s: %.*s\nbecame %.*s\n", what, static_cast<int>(text.size()), text.data(),
               static_cast<int>(out.size()), out.data());
  std::abort();
}

bool is_selected(std::string_view key) { return key.size() % 2 == 0; }

void track_flag(json& flag, bool reasons) {
  flag["trackEvents"] = true;
  if (!reasons) return;
  flag["trackEventsFallthrough"] = true;
  if (!flag.contains("rules") || !flag["rules"].is_array()) return;
  for (json& rule : flag["rules"])
    if (rule.is_object()) rule["trackEvents"] = true;
}

void track_evaluation(json& evaluation, bool selected, EvaluationOptions options) {
  const bool reasons = selected && options.reasons;
  const bool upstream = evaluation.value("trackReason", json(false)) == json(true);
  if (options.strip_reasons && !reasons && !upstream) evaluation.erase("reason");
  if (selected) evaluation["trackEvents"] = true;
  if (reasons) evaluation["trackReason"] = true;
}

// `expect` does to the parsed text what the rewriting should have done.
template <typename Expect>
void judge(std::string_view text, Rewriting result, const std::string& out, Expect&& expect) {
  if (result != Rewriting::changed) require(out == text, "changed, and said it was not", text, out);
  // The judge stops at a zero byte, and refuses numbers that are too large for it and text that is not UTF-8.
  const json before = json::parse(text, nullptr, false);
  if (before.is_discarded() || text.find('\0') != std::string_view::npos) return;
  if (!before.is_object()) return require(result == Rewriting::unreadable, "no object was read", text, out);
  if (result == Rewriting::unreadable) {
    JsonScan scan(text);
    return require(!scan.skip(), "JSON was not read", text, out);
  }
  const json after = json::parse(out, nullptr, false);
  require(!after.is_discarded(), "no JSON any more", text, out);
  json expected = before;
  expect(expected);
  require(after == expected, "not what was expected", text, out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const EvaluationOptions options{(data[0] & 1) != 0, (data[0] & 2) != 0};
  std::string out;
  judge(text, rewrite_flag(text, options.reasons, out), out, [&](json& flag) { track_flag(flag, options.reasons); });
  out.clear();
  judge(text, rewrite_evaluations(text, is_selected, options, out), out, [&](json& all) {
    for (auto& [key, evaluation] : all.items())
      if (evaluation.is_object()) track_evaluation(evaluation, is_selected(key), options);
  });
  out.clear();
  judge(text, rewrite_evaluation_patch(text, is_selected, options, out), out, [&](json& one) {
    const json key = one.value("key", json());
    const bool named = key.is_string() && !key.get_ref<const std::string&>().empty();
    track_evaluation(one, named && is_selected(key.get_ref<const std::string&>()), options);
  });
  return 0;
}
