#include "kinesim/policy.h"

#include <cctype>
#include <nlohmann/json.hpp>

namespace kinesim {
namespace {

std::vector<std::string> texts(const nlohmann::json& value) {
  if (value.is_string()) return {value.get<std::string>()};
  std::vector<std::string> out;
  if (value.is_array())
    for (const auto& item : value)
      if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

sluice::Result<Statement> parse_statement(const nlohmann::json& json) {
  if (!json.is_object()) return sluice::fail("Syntax errors in policy.");
  const auto effect = json.find("Effect");
  if (effect == json.end() || (*effect != "Allow" && *effect != "Deny"))
    return sluice::fail("A statement's Effect must be Allow or Deny.");
  if (json.contains("Condition") || json.contains("NotAction") || json.contains("NotResource"))
    return sluice::fail("kinesim does not evaluate Condition, NotAction and NotResource.");
  Statement statement;
  statement.allow = *effect == "Allow";
  statement.actions = texts(json.value("Action", nlohmann::json()));
  statement.resources = texts(json.value("Resource", nlohmann::json()));
  if (statement.actions.empty()) return sluice::fail("Policy statement must contain actions.");
  if (statement.resources.empty()) return sluice::fail("Policy statement must contain resources.");
  return statement;
}

bool any_matches(const std::vector<std::string>& patterns, std::string_view text, bool ignore_case) {
  for (const auto& pattern : patterns)
    if (matches_glob(pattern, text, ignore_case)) return true;
  return false;
}

}  // namespace

Verdict Policy::judge(std::string_view action, std::string_view resource) const {
  Verdict verdict = Verdict::not_allowed;
  for (const auto& statement : statements) {
    if (!any_matches(statement.actions, action, true) || !any_matches(statement.resources, resource, false)) continue;
    if (!statement.allow) return Verdict::denied;
    verdict = Verdict::allowed;
  }
  return verdict;
}

sluice::Result<Policy> parse_policy(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("Statement")) return sluice::fail("Syntax errors in policy.");
  const auto& statements = json["Statement"];
  Policy policy;
  for (const auto& item : statements.is_array() ? statements : nlohmann::json::array({statements})) {
    auto statement = parse_statement(item);
    if (!statement) return tl::unexpected(statement.error());
    policy.statements.push_back(std::move(*statement));
  }
  return policy;
}

bool matches_glob(std::string_view pattern, std::string_view text, bool ignore_case) {
  const auto same = [ignore_case](char a, char b) {
    return a == b ||
           (ignore_case && std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b)));
  };
  std::size_t p = 0, t = 0, star = pattern.npos, retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || same(pattern[p], text[t]))) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace kinesim
