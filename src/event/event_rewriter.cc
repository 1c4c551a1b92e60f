#include "event/event_rewriter.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/hex.h"
#include "base/json_string.h"
#include "event/json_index.h"
#include "event/json_scalar.h"
#include "event/json_walk.h"
#include "event/payload_reader.h"

namespace sluice::event {
namespace {

constexpr std::size_t kHashHexDigits = 32;
constexpr std::string_view kUser = "user";
constexpr std::string_view kId = "\"id\":\"";

bool is_sampled(EventKind kind) {
  switch (kind) {
    case EventKind::feature:
    case EventKind::debug:
    case EventKind::custom:
    case EventKind::click:
    case EventKind::pageview:
    case EventKind::migration_op:
      return true;
    default:
      return false;
  }
}

// Spreads ids that follow each other (the finalizer of SplitMix64).
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace

Result<AttributeReference> parse_attribute_reference(std::string_view text) {
  AttributeReference reference{std::string(text), {}};
  if (text.empty() || text == "/")
    return fail("a reference names an attribute, such as \"email\" or \"/address/street\"");
  if (text.front() != '/') {
    reference.path.emplace_back(text);
  } else {
    std::string part;
    for (std::size_t i = 1; i <= text.size(); ++i) {
      if (i == text.size() || text[i] == '/') {
        if (part.empty()) return fail("between two slashes a name is missing");
        reference.path.push_back(std::move(part));
        part.clear();
      } else if (text[i] == '~') {
        ++i;
        if (i == text.size() || (text[i] != '0' && text[i] != '1'))
          return fail("~ is followed by 0 (for ~) or 1 (for /)");
        part.push_back(text[i] == '0' ? '~' : '/');
      } else {
        part.push_back(text[i]);
      }
    }
  }
  for (const char* fixed : {"key", "kind", "anonymous", "_meta"})
    if (reference.path.size() == 1 && reference.path[0] == fixed)
      return fail(std::string("\"") + fixed +
                  "\" is no attribute that can be taken out; keys are hashed with hash_keys_of");
  return reference;
}

std::string private_hash(std::string_view secret, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return hex_of(std::string_view(reinterpret_cast<const char*>(digest), kHashHexDigits / 2));
}

struct EventRewriter::State {
  struct Rule {
    AttributeReference reference;
    bool drop;
  };

  State(const ContextPrivacy& of, std::uint32_t one_in) : privacy(of), sample_one_in(one_in) {
    const auto add = [this](const std::vector<std::string>& texts, bool drop) {
      for (const std::string& text : texts) {
        auto reference = parse_attribute_reference(text);
        SLUICE_CHECK(reference.has_value(), "references were checked with the configuration");
        rules.push_back({std::move(*reference), drop});
      }
    };
    add(privacy.drop, true);  // first: what is both is dropped
    add(privacy.hash, false);
  }

  void start(std::string_view json) {
    buffer.assign(json);
    buffer.append(kPayloadPadding, ' ');
    const bool scanned = index.scan(std::string_view(buffer).substr(0, json.size()));
    SLUICE_CHECK(scanned, "an exported event is JSON");
    walk.start(index);
    SLUICE_CHECK(walk.check_value(0) == index.size(), "an exported event is one JSON value");
  }

  std::string text_of(std::uint32_t string_token) const { return json_unescaped(walk.inside(string_token)); }
  bool is_object(std::uint32_t token) const { return walk.at(token) == '{'; }
  bool is_nested(std::uint32_t token) const { return walk.at(token) == '{' || walk.at(token) == '['; }
  bool is_string(std::uint32_t token) const { return walk.at(token) == '"'; }

  template <typename OnMember>
  void members(std::uint32_t object, OnMember&& on_member) const {
    for (std::uint32_t token = object + 1; walk.at(token) == '"';) {
      const std::uint32_t after = walk.skip_checked(token + 2);
      on_member(token, token + 2);
      token = walk.at(after) == ',' ? after + 1 : after;
    }
  }

  // Writes members one after the other.
  struct Object {
    explicit Object(std::string& to) : out(to) { out.push_back('{'); }
    void name(std::string_view quoted) {
      if (!first) out.push_back(',');
      first = false;
      out.append(quoted).push_back(':');
    }
    void end() { out.push_back('}'); }
    std::string& out;
    bool first = true;
  };
  void copy(Object& object, std::uint32_t name, std::uint32_t value) const {
    object.name(walk.text(name));
    object.out.append(walk.text(value, walk.skip_checked(value)));
  }
  // Strings by what they say, everything else by its text as sent.
  void hash_value(Object& object, std::uint32_t name, std::uint32_t value) const {
    object.name(walk.text(name));
    const std::string text =
        is_string(value) ? text_of(value) : std::string(walk.text(value, walk.skip_checked(value)));
    append_json_string(object.out, private_hash(privacy.secret, text));
  }

  bool hashes_keys_of(std::string_view kind) const {
    return std::any_of(privacy.hash_keys_of.begin(), privacy.hash_keys_of.end(),
                       [&](const std::string& selected) { return selected == "*" || selected == kind; });
  }
  void copy_key(Object& object, std::uint32_t name, std::uint32_t value, std::string_view kind) const {
    if (hashes_keys_of(kind))
      hash_value(object, name, value);
    else
      copy(object, name, value);
  }

  // The rule for exactly the attribute at `path`, and whether any rule reaches into it.
  const Rule* rule_for_path(bool& inside) const {
    const Rule* found = nullptr;
    inside = false;
    for (const Rule& rule : rules) {
      const std::vector<std::string>& of = rule.reference.path;
      if (of.size() < path.size() || !std::equal(path.begin(), path.end(), of.begin())) continue;
      if (of.size() > path.size())
        inside = true;
      else if (found == nullptr)
        found = &rule;
    }
    return found;
  }

  void attribute(Object& object, std::uint32_t name, std::uint32_t value) {
    path.push_back(text_of(name));
    bool inside = false;
    const Rule* rule = rule_for_path(inside);
    if (rule != nullptr && rule->drop) {
      if (std::find(dropped.begin(), dropped.end(), rule->reference.text) == dropped.end())
        dropped.push_back(rule->reference.text);
    } else if (rule != nullptr) {
      hash_value(object, name, value);
    } else if (inside && is_object(value)) {
      object.name(walk.text(name));
      Object nested(object.out);
      members(value, [&](std::uint32_t inner, std::uint32_t inner_value) { attribute(nested, inner, inner_value); });
      nested.end();
    } else {
      copy(object, name, value);
    }
    path.pop_back();
  }

  // A list of references as it was sent, and behind it what was dropped here.
  void append_redacted(std::string& out, std::uint32_t list) const {
    std::vector<std::string> known;
    out.push_back('[');
    if (list != 0 && walk.at(list) == '[') {
      for (std::uint32_t token = list + 1; walk.at(token) != ']';) {
        const std::uint32_t after = walk.skip_checked(token);
        if (out.back() != '[') out.push_back(',');
        out.append(walk.text(token, after));
        if (is_string(token)) known.push_back(text_of(token));
        token = walk.at(after) == ',' ? after + 1 : after;
      }
    }
    for (const std::string& text : dropped) {
      if (std::find(known.begin(), known.end(), text) != known.end()) continue;
      if (out.back() != '[') out.push_back(',');
      append_json_string(out, text);
    }
    out.push_back(']');
  }

  // What should be a context and has not the shape of one: nothing says which parts of it are private, so none is told.
  void copy_unless_private(Object& object, std::uint32_t name, std::uint32_t value) const {
    if (!privacy.is_active()) copy(object, name, value);
  }

  // One context of that kind.
  void context(std::uint32_t value, std::string_view kind, std::string& out) {
    dropped.clear();
    Object object(out);
    std::uint32_t meta = 0, meta_name = 0;
    members(value, [&](std::uint32_t name, std::uint32_t inner) {
      if (walk.stands_for(name, "key")) return copy_key(object, name, inner, kind);
      if (walk.stands_for(name, "kind") || walk.stands_for(name, "anonymous"))
        return is_nested(inner) ? copy_unless_private(object, name, inner) : copy(object, name, inner);
      if (walk.stands_for(name, "_meta")) {
        if (!is_object(inner)) return copy_unless_private(object, name, inner);
        meta = inner;
        meta_name = name;
        return;
      }
      attribute(object, name, inner);
    });
    if (meta != 0 && dropped.empty()) {
      copy(object, meta_name, meta);
    } else if (!dropped.empty()) {
      object.name("\"_meta\"");
      Object inside(out);
      std::uint32_t list = 0;
      if (meta != 0) {
        members(meta, [&](std::uint32_t name, std::uint32_t inner) {
          if (walk.stands_for(name, "redactedAttributes"))
            list = inner;
          else
            copy(inside, name, inner);
        });
      }
      inside.name("\"redactedAttributes\"");
      append_redacted(out, list);
      inside.end();
    }
    object.end();
  }

  // A context, or several: those of a multi-context by their kinds. One in another is none that an SDK sends, and is
  // treated alike, so that nothing hides in it.
  void contexts(std::uint32_t value, std::string& out) {
    const auto kind = walk.find_in_checked(value, "kind");
    const std::string kind_text = kind && is_string(*kind) ? text_of(*kind) : std::string(kUser);
    if (kind_text != "multi") return context(value, kind_text, out);
    Object object(out);
    members(value, [&](std::uint32_t name, std::uint32_t inner) {
      if (walk.stands_for(name, "kind")) return copy(object, name, inner);
      if (!is_object(inner)) return copy_unless_private(object, name, inner);
      object.name(walk.text(name));
      const auto inner_kind = walk.find_in_checked(inner, "kind");
      if (inner_kind && is_string(*inner_kind) && text_of(*inner_kind) == "multi") return contexts(inner, out);
      context(inner, text_of(name), out);
    });
    object.end();
  }

  // Of SDKs before contexts: own attributes are in "custom", and removed attributes are listed in "privateAttrs".
  void user(std::uint32_t value, std::string& out) {
    dropped.clear();
    Object object(out);
    std::uint32_t list = 0;
    members(value, [&](std::uint32_t name, std::uint32_t inner) {
      if (walk.stands_for(name, "key")) return copy_key(object, name, inner, kUser);
      if (walk.stands_for(name, "anonymous")) return copy(object, name, inner);
      if (walk.stands_for(name, "privateAttrs")) {
        list = inner;
        return;
      }
      if (walk.stands_for(name, "custom") && is_object(inner)) {
        object.name(walk.text(name));
        Object custom(out);
        members(inner, [&](std::uint32_t own, std::uint32_t own_value) { attribute(custom, own, own_value); });
        custom.end();
        return;
      }
      attribute(object, name, inner);
    });
    if (list != 0 || !dropped.empty()) {
      object.name("\"privateAttrs\"");
      append_redacted(out, list);
    }
    object.end();
  }

  void context_keys(std::uint32_t value, std::string& out) const {
    Object object(out);
    members(value, [&](std::uint32_t name, std::uint32_t inner) { copy_key(object, name, inner, text_of(name)); });
    object.end();
  }

  std::uint64_t ratio_of(std::uint32_t value) const {
    const std::string_view text = walk.text(value);
    std::uint64_t ratio = 1;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), ratio);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() ? ratio : 1;
  }

  void rewrite(const EventSlot& event, std::string& out) {
    start(event.json);
    const bool sampled = sample_one_in > 1 && is_sampled(event.kind);
    bool ratio_told = false;
    Object object(out);
    members(0, [&](std::uint32_t name, std::uint32_t value) {
      if (walk.stands_for(name, "context")) {
        if (!is_object(value)) return copy_unless_private(object, name, value);
        object.name(walk.text(name));
        contexts(value, out);
      } else if (walk.stands_for(name, "user")) {
        if (!is_object(value)) return copy_unless_private(object, name, value);
        object.name(walk.text(name));
        user(value, out);
      } else if (walk.stands_for(name, "contextKeys")) {
        if (!is_object(value)) return copy_unless_private(object, name, value);
        object.name(walk.text(name));
        context_keys(value, out);
      } else if (is_users_key(event.kind, name)) {
        copy_key(object, name, value, kUser);
      } else if (sampled && walk.stands_for(name, "samplingRatio")) {
        ratio_told = true;
        object.name(walk.text(name));
        out.append(std::to_string(ratio_of(value) * sample_one_in));
      } else {
        copy(object, name, value);
      }
    });
    if (sampled && !ratio_told) {
      object.name("\"samplingRatio\"");
      out.append(std::to_string(sample_one_in));
    }
    object.end();
  }

  // Members outside contexts that hold a user's key.
  bool is_users_key(EventKind kind, std::uint32_t name) const {
    if (walk.stands_for(name, "userKey")) return true;
    if (kind == EventKind::identify) return walk.stands_for(name, "key");
    return kind == EventKind::alias && (walk.stands_for(name, "key") || walk.stands_for(name, "previousKey"));
  }

  void find_kinds(const EventSlot& event) {
    start(event.json);
    kinds.clear();
    if (const auto keys = walk.find_in_checked(0, "contextKeys"); keys && is_object(*keys)) {
      members(*keys, [&](std::uint32_t name, std::uint32_t) { kinds.push_back(text_of(name)); });
      return;
    }
    const auto context = walk.find_in_checked(0, "context");
    if (!context || !is_object(*context)) {
      if (event.version == 1 && (walk.find_in_checked(0, "user") || walk.find_in_checked(0, "userKey")))
        kinds.emplace_back(kUser);
      return;
    }
    const auto kind = walk.find_in_checked(*context, "kind");
    const std::string text = kind && is_string(*kind) ? text_of(*kind) : std::string(kUser);
    if (text != "multi") {
      kinds.push_back(text);
      return;
    }
    members(*context, [&](std::uint32_t name, std::uint32_t) {
      if (!walk.stands_for(name, "kind")) kinds.push_back(text_of(name));
    });
  }

  const ContextPrivacy privacy;
  const std::uint32_t sample_one_in;
  std::vector<Rule> rules;
  std::string buffer;
  JsonIndex index;
  JsonWalk walk;
  std::vector<std::string> path, dropped, kinds;
};

EventRewriter::EventRewriter(const ContextPrivacy& privacy, std::uint32_t sample_one_in)
    : state_(std::make_unique<State>(privacy, sample_one_in)) {}
EventRewriter::~EventRewriter() = default;

bool EventRewriter::keeps(const EventSlot& event) const {
  if (state_->sample_one_in <= 1 || !is_sampled(event.kind)) return true;
  const std::size_t at = event.json.find(kId);  // the second member of every exported event
  SLUICE_CHECK(at != std::string_view::npos, "an exported event has an id");
  const std::string_view digits = event.json.substr(at + kId.size(), ObjectId::kHexDigits);
  std::uint64_t time = 0, rest = 0;
  std::from_chars(digits.data(), digits.data() + 8, time, 16);
  std::from_chars(digits.data() + 8, digits.data() + digits.size(), rest, 16);
  return mixed(rest ^ (time << 32)) % state_->sample_one_in == 0;
}

void EventRewriter::rewrite(const EventSlot& event, std::string& out) { state_->rewrite(event, out); }

const std::vector<std::string>& EventRewriter::context_kinds(const EventSlot& event) {
  state_->find_kinds(event);
  return state_->kinds;
}

}  // namespace sluice::event
