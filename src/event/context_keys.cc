#include "event/context_keys.h"

#include <optional>

#include "event/json_scalar.h"

namespace sluice::event {
namespace {

// The value of that name, if it is a string; the last one counts.
std::optional<std::uint32_t> string_member(const JsonWalk& walk, const std::vector<ContextMember>& members,
                                           std::string_view name) {
  for (auto member = members.rbegin(); member != members.rend(); ++member)
    if (walk.stands_for(member->name, name))
      return walk.at(member->value) == '"' ? std::optional(member->value) : std::nullopt;
  return std::nullopt;
}

bool same_name(std::string_view a, std::string_view b) {
  const auto has_escape = [](std::string_view name) { return name.find('\\') != std::string_view::npos; };
  if (a == b) return true;
  return (has_escape(a) || has_escape(b)) && json_unescaped(a) == json_unescaped(b);
}

// Whether a later member has the same name.
bool comes_again(const JsonWalk& walk, const std::vector<ContextMember>& members, std::size_t place) {
  for (std::size_t later = place + 1; later < members.size(); ++later)
    if (same_name(walk.inside(members[place].name), walk.inside(members[later].name))) return true;
  return false;
}

bool append_multi(const JsonWalk& walk, const std::vector<ContextMember>& context, std::string& out) {
  if (context.size() > kMaxContextKinds) return false;
  const std::size_t start = out.size();
  for (std::size_t i = 0; i < context.size(); ++i) {
    const ContextMember& member = context[i];
    if (walk.at(member.key) != '"' || walk.stands_for(member.name, "kind") || comes_again(walk, context, i)) continue;
    out.append(out.size() == start ? "{" : ",")
        .append(walk.text(member.name))
        .append(":")
        .append(walk.text(member.key));
  }
  if (out.size() == start) return false;
  out.append("}");
  return true;
}

}  // namespace

bool append_context_keys(const JsonWalk& walk, const std::vector<ContextMember>& context, std::string& out) {
  const auto kind = string_member(walk, context, "kind");
  if (!kind) return false;
  if (walk.stands_for(*kind, "multi")) return append_multi(walk, context, out);
  const auto key = string_member(walk, context, "key");
  if (!key) return false;
  out += '{';
  out.append(walk.text(*kind)) += ':';
  out.append(walk.text(*key)) += '}';
  return true;
}

}  // namespace sluice::event
