#include "relay/flag_rewrite.h"

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "relay/json_scan.h"

namespace sluice::relay {
namespace {

constexpr std::string_view kTrue = "true";
constexpr std::string_view kTrackEvents = "trackEvents", kTrackFallthrough = "trackEventsFallthrough";

// Copies a text with pieces replaced, which come in order.
class EditedCopy {
 public:
  EditedCopy(std::string_view text, std::string& out) : text_(text), out_(out), out_begin_(out.size()) {
    out.reserve(out.size() + text.size() + 64);
  }
  void replace(std::size_t begin, std::size_t end, std::string_view with) {
    out_.append(text_.substr(copied_, begin - copied_)).append(with);
    copied_ = end;
    changed_ = true;
  }
  Rewriting finish(bool readable) {
    if (!readable) {
      out_.resize(out_begin_);
      copied_ = 0;
    }
    out_.append(text_.substr(copied_));
    return !readable ? Rewriting::unreadable : changed_ ? Rewriting::changed : Rewriting::unchanged;
  }

 private:
  std::string_view text_;
  std::string& out_;
  std::size_t out_begin_;
  std::size_t copied_ = 0;  // of text_
  bool changed_ = false;
};

// Steps over a value, and says where it begins.
bool skip_value(JsonScan& scan, std::size_t& begin) {
  scan.next();
  begin = scan.at();
  return scan.skip();
}

// A server-side flag on its way: JSON that is true where `names` stand.
class FlagTracking {
 public:
  FlagTracking(std::string_view json, bool reasons, std::string& out)
      : scan_(json), copy_(json, out), reasons_(reasons) {}

  Rewriting run() {
    static constexpr std::array kNames{kTrackEvents, kTrackFallthrough};
    const bool readable =
        set_true(std::span(kNames).first(reasons_ ? 2 : 1), [&](std::string_view name) { return other_member(name); });
    return copy_.finish(readable && scan_.end());
  }

 private:
  // Steps over an object, sets its members of these names, at most two, to true, and adds those that are not there.
  template <typename OnOther>
  bool set_true(std::span<const std::string_view> names, OnOther&& on_other) {
    std::array<bool, 2> seen{};
    std::size_t last_end = 0;  // of the last member; 0: there is none
    const bool readable = scan_.object([&](std::string_view name) {
      std::size_t which = 0;
      while (which < names.size() && !json_stands_for(name, names[which])) ++which;
      if (which == names.size()) {
        if (!on_other(name)) return false;
      } else {
        std::size_t begin = 0;
        if (!skip_value(scan_, begin)) return false;
        if (scan_.from(begin) != kTrue) copy_.replace(begin, scan_.at(), kTrue);
        seen[which] = true;
      }
      last_end = scan_.at();
      return true;
    });
    if (!readable) return false;
    bool comma = last_end != 0;
    if (!comma) last_end = scan_.at() - 1;
    for (std::size_t which = 0; which < names.size(); ++which) {
      if (seen[which]) continue;
      added_.assign(comma ? ",\"" : "\"").append(names[which]).append("\":true");
      copy_.replace(last_end, last_end, added_);
      comma = true;
    }
    return true;
  }

  bool other_member(std::string_view name) {
    if (!reasons_ || !json_stands_for(name, "rules") || scan_.next() != '[') return scan_.skip();
    return scan_.array([&] {
      if (scan_.next() != '{') return scan_.skip();
      return set_true(std::array{kTrackEvents}, [&](std::string_view) { return scan_.skip(); });
    });
  }

  JsonScan scan_;
  EditedCopy copy_;
  bool reasons_;
  std::string added_;
};

// Client-side evaluations on their way.
class EvaluationTracking {
 public:
  EvaluationTracking(std::string_view json, const IsSelected& is_selected, EvaluationOptions options, std::string& out)
      : scan_(json), copy_(json, out), is_selected_(is_selected), options_(options) {}

  Rewriting all() {
    const bool readable = scan_.object([&](std::string_view name) {
      if (scan_.next() != '{') return scan_.skip();
      return evaluation(is_selected_(key_of(name)));
    });
    return copy_.finish(readable && scan_.end());
  }

  Rewriting patch(bool selected) {
    const bool readable = evaluation(selected);
    return copy_.finish(readable && scan_.end());
  }

  std::string_view key_of(std::string_view inside) {
    if (inside.find('\\') == std::string_view::npos) return inside;
    key_ = json_unescaped(inside);
    return key_;
  }

 private:
  // What becomes of a piece of an evaluation is known when all of it has been read.
  struct Piece {
    std::size_t begin, end;
    enum { track_events, track_reason, reason } kind;
  };
  // What is known of an evaluation while its members pass.
  struct Members {
    std::size_t last_end = 0;     // of the last member; 0: there is none
    bool any_but_reason = false;  // a member that stays in any case
    bool first_reason = false;    // `reason`s only so far: what is taken out reaches to the next name
    bool has_track_events = false, has_track_reason = false, upstream_track_reason = false;
  };

  bool evaluation(bool selected) {
    pieces_.clear();
    Members members;
    const bool readable = scan_.object([&](std::string_view name) { return member(name, members); });
    if (!readable) return false;
    const std::size_t insert_at = members.last_end == 0 ? scan_.at() - 1 : members.last_end;
    const bool reasons = selected && options_.reasons;
    const bool strip = options_.strip_reasons && !reasons && !members.upstream_track_reason;
    for (const Piece& piece : pieces_) {
      if (piece.kind == Piece::reason ? strip : false) copy_.replace(piece.begin, piece.end, "");
      if (piece.kind == Piece::track_events ? selected : false) set_true(piece);
      if (piece.kind == Piece::track_reason ? reasons : false) set_true(piece);
    }
    bool comma = members.any_but_reason || (!strip && members.last_end != 0);
    const auto add = [&](std::string_view member) {
      copy_.replace(insert_at, insert_at, comma ? "," : "");
      copy_.replace(insert_at, insert_at, member);
      comma = true;
    };
    if (selected && !members.has_track_events) add("\"trackEvents\":true");
    if (reasons && !members.has_track_reason) add("\"trackReason\":true");
    return true;
  }

  bool member(std::string_view name, Members& members) {
    if (members.first_reason) pieces_.back().end = scan_.name_at();
    members.first_reason = false;
    const std::size_t name_at = scan_.name_at();
    std::size_t begin = 0;
    if (!skip_value(scan_, begin)) return false;
    if (json_stands_for(name, "reason")) {
      members.first_reason = !members.any_but_reason;
      pieces_.push_back({members.first_reason ? name_at : members.last_end, scan_.at(), Piece::reason});
    } else {
      members.any_but_reason = true;
      if (json_stands_for(name, kTrackEvents)) {
        members.has_track_events = true;
        pieces_.push_back({begin, scan_.at(), Piece::track_events});
      } else if (json_stands_for(name, "trackReason")) {
        members.has_track_reason = true;
        members.upstream_track_reason = scan_.from(begin) == kTrue;
        pieces_.push_back({begin, scan_.at(), Piece::track_reason});
      }
    }
    members.last_end = scan_.at();
    return true;
  }

  void set_true(const Piece& piece) {
    if (scan_.text().substr(piece.begin, piece.end - piece.begin) != kTrue)
      copy_.replace(piece.begin, piece.end, kTrue);
  }

  JsonScan scan_;
  EditedCopy copy_;
  const IsSelected& is_selected_;
  EvaluationOptions options_;
  std::vector<Piece> pieces_;
  std::string key_;
};

// The key that a client-side `patch` names; the last one counts.
std::string patched_key(std::string_view json) {
  JsonScan scan(json);
  std::string key;
  const bool readable = scan.object([&](std::string_view name) {
    if (!json_stands_for(name, "key") || scan.next() != '"') return scan.skip();
    std::string_view inside;
    if (!scan.string(inside)) return false;
    key = json_unescaped(inside);
    return true;
  });
  return readable ? key : "";
}

}  // namespace

Rewriting rewrite_flag(std::string_view json, bool reasons, std::string& out) {
  return FlagTracking(json, reasons, out).run();
}

Rewriting rewrite_evaluations(std::string_view json, const IsSelected& is_selected, EvaluationOptions options,
                              std::string& out) {
  return EvaluationTracking(json, is_selected, options, out).all();
}

Rewriting rewrite_evaluation_patch(std::string_view json, const IsSelected& is_selected, EvaluationOptions options,
                                   std::string& out) {
  const std::string key = patched_key(json);
  return EvaluationTracking(json, is_selected, options, out).patch(!key.empty() && is_selected(key));
}

}  // namespace sluice::relay
