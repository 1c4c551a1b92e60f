#include "event/context_keys.h"

#include "event/event_parts.h"
#include "event/json_scalar.h"

namespace sluice {
namespace {

// The string of that name, with its quotes; the last one counts. Empty if it is absent or no string.
std::string_view string_member(const JsonWalk& walk, const std::vector<JsonMember>& members, std::string_view name) {
  for (auto member = members.rbegin(); member != members.rend(); ++member)
    if (stands_for(walk.inside(member->name), name))
      return walk.at(member->value) == '"' ? walk.text(member->value) : std::string_view();
  return {};
}

std::string_view without_quotes(std::string_view quoted) { return quoted.substr(1, quoted.size() - 2); }

bool same_name(std::string_view a, std::string_view b) {
  const auto has_escape = [](std::string_view name) { return name.find('\\') != std::string_view::npos; };
  if (a == b) return true;
  return (has_escape(a) || has_escape(b)) && json_unescaped(a) == json_unescaped(b);
}

// Whether a later member has the same name.
bool comes_again(const JsonWalk& walk, const std::vector<JsonMember>& members, std::size_t place) {
  for (std::size_t later = place + 1; later < members.size(); ++later)
    if (same_name(walk.inside(members[place].name), walk.inside(members[later].name))) return true;
  return false;
}

}  // namespace

bool ContextKeys::append(const JsonWalk& walk, const std::vector<JsonMember>& context, std::string& out) {
  const std::string_view kind = string_member(walk, context, "kind");
  if (kind.empty()) return false;
  if (stands_for(without_quotes(kind), "multi")) return append_multi(walk, context, out);
  return append_single(walk, context, kind, out);
}

bool ContextKeys::append_single(const JsonWalk& walk, const std::vector<JsonMember>& context, std::string_view kind,
                                std::string& out) {
  const std::string_view key = string_member(walk, context, "key");
  if (key.empty()) return false;
  out.append("{").append(kind).append(":").append(key).append("}");
  return true;
}

bool ContextKeys::append_multi(const JsonWalk& walk, const std::vector<JsonMember>& context, std::string& out) {
  if (context.size() > kMaxContextKinds) return false;
  const std::size_t start = out.size();
  for (std::size_t i = 0; i < context.size(); ++i) {
    if (walk.at(context[i].value) != '{' || stands_for(walk.inside(context[i].name), "kind")) continue;
    if (comes_again(walk, context, i)) continue;
    walk.members_of_checked(context[i].value, members_);
    const std::string_view key = string_member(walk, members_, "key");
    if (key.empty()) continue;
    out.append(out.size() == start ? "{" : ",").append(walk.text(context[i].name)).append(":").append(key);
  }
  if (out.size() == start) return false;
  out.append("}");
  return true;
}

}  // namespace sluice
