#include "relay/flag_feed.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "base/worker.h"

namespace sluice::relay {
namespace {

using Kind = catalog::FlagSource::Kind;

// As ld-relay's: a data of one space, as an event without data is none to browsers.
const http::StreamBlock& ping_block() {
  static const http::StreamBlock block = http::stream_block("event: ping\ndata:  \n\n");
  return block;
}

bool same_source(const catalog::FlagSource& a, const catalog::FlagSource& b) {
  return a.kind == b.kind && a.stream_uri == b.stream_uri && a.files == b.files;
}

bool same_upstream(const catalog::Environment& a, const catalog::Environment& b) {
  const std::string none;
  const std::string& key_a = a.sdk_keys.empty() ? none : a.sdk_keys.front();
  const std::string& key_b = b.sdk_keys.empty() ? none : b.sdk_keys.front();
  return same_source(a.flag_source, b.flag_source) && (a.flag_source.kind == Kind::files || key_a == key_b);
}

}  // namespace

std::string_view feed_state_name(FeedState state) {
  constexpr std::array<std::string_view, kFeedStates.size()> kNames = {"connecting", "following", "behind", "no flags"};
  return kNames[static_cast<std::size_t>(state)];
}

FeedState FlagFeedStatus::state() const {
  if (is_connected) return FeedState::following;
  if (has_flags) return FeedState::behind;
  return problem.empty() ? FeedState::connecting : FeedState::no_flags;
}

FlagSelection selection_of(const catalog::Environment& environment, const flags::FlagRegistry& flags) {
  FlagSelection selection;
  selection.reasons = environment.flag_source.reasons;
  if (environment.flag_export.as_sent)
    selection.is_selected = [](std::string_view) { return false; };
  else
    selection.is_selected = [&flags, id = environment.id](std::string_view key) { return flags.exported(id, key); };
  return selection;
}

FlagFeed::FlagFeed(const catalog::Environment& environment, std::string filter, const FeedParts& parts)
    : parts_(parts),
      filter_(std::move(filter)),
      used_ms_(parts.clock.wall_ms()),
      ping_again_(parts.clock, parts.notifier, Random::from_system()),
      environment_(environment),
      selection_(selection_of(environment, parts.flags)),
      store_(parts.folder, {environment.id, filter_, environment.flag_source.stream_uri}, parts.files),
      unsaved_(parts.files.unsaved(), storage::UnsavedKind::delivered_flags) {
  show(false, "", "");
  if (environment_.flag_source.kind == Kind::files) {
    files_.emplace(parts_.file_folder, environment_.flag_source.files, parts_.files);
    look_at_files();
    return;
  }
  // The first request for a payload filter creates its feed, on an event loop: no disk there.
  if (filter_.empty())
    load();
  else
    loads_ = true;
  begin_source();
}

FlagFeed::~FlagFeed() = default;

http_client::EventSourceSettings FlagFeed::source_settings() const {
  http_client::EventSourceSettings settings;
  settings.url = environment_.flag_source.stream_uri + "/all";
  if (!filter_.empty()) settings.url += "?filter=" + percent_encoded(filter_);
  settings.headers = {{"Authorization", environment_.sdk_keys.empty() ? "" : environment_.sdk_keys.front()},
                      {kRelayedHeader, "1"}};
  settings.policy = parts_.policy;
  return settings;
}

void FlagFeed::begin_source() {
  http_client::EventSourceReceiver& receiver = *this;
  source_ = std::make_unique<http_client::EventSource>(source_settings(), parts_.streams, parts_.clock,
                                                       Random::from_system(), parts_.notifier, receiver);
}

void FlagFeed::load() {
  const auto loaded = store_.load();
  if (!loaded) {
    log_warn("relay.flags_unreadable", {{"path", store_.path()}, {"reason", loaded.error().message}});
    return;
  }
  if (!loaded->snapshot) return;
  data_.restore(loaded->snapshot);
  told_by_ = environment_.flag_source;
  Shown shown = *shown_.get();
  shown.from_disk = true;
  shown_.set(std::make_shared<const Shown>(std::move(shown)));
  serve(nullptr);
  save_us_ = INT64_MAX;  // it is there
}

void FlagFeed::change(const catalog::Environment& environment) {
  const bool same = same_upstream(environment_, environment);
  const bool same_selection = environment_.flag_export == environment.flag_export &&
                              environment_.flag_source.reasons == environment.flag_source.reasons;
  const bool same_names = environment_.project_key == environment.project_key && environment_.key == environment.key;
  if (same && same_selection && same_names) return;
  const bool former = !same_source(environment_.flag_source, environment.flag_source);
  environment_ = environment;
  selection_ = selection_of(environment_, parts_.flags);
  if (former) leave_former();
  if (!same) {
    files_.reset();
    if (environment_.flag_source.kind == Kind::files) {
      source_.reset();
      set_path({});
      files_.emplace(parts_.file_folder, environment_.flag_source.files, parts_.files);
      look_us_ = 0;
    } else if (source_) {
      source_->restart(source_settings());
    } else {
      begin_source();
    }
    show(false, "", "");
  }
  if (!same_selection) serve(nullptr);
}

// SDKs keep the flags that they have until the new source has said what it has; after a restart nothing of the one
// before is served.
void FlagFeed::leave_former() {
  store_.set_source(environment_.flag_source.stream_uri);
  unsaved_.saved();  // of the former
  Shown shown = *shown_.get();
  // A source that was left and set again finds its own flags.
  shown.of_former = data_.snapshot() != nullptr && !same_source(told_by_, environment_.flag_source);
  save_us_ = INT64_MAX;
  if (!shown.of_former) save_soon();
  shown_.set(std::make_shared<const Shown>(std::move(shown)));
  if (environment_.flag_source.kind != Kind::files) return;
  if (const auto removed = store_.remove(); !removed)
    log_warn("relay.flags_not_removed", {{"path", store_.path()}, {"reason", removed.error().message}});
}

std::int64_t FlagFeed::step() {
  if (std::exchange(loads_, false)) load();
  std::int64_t wait_us = source_ ? step_source() : kUntilNotified;
  const auto due_in = [this](std::int64_t due_us) {
    return std::max<std::int64_t>(due_us - parts_.clock.steady_us(), 0);
  };
  if (files_) {
    if (due_in(look_us_) == 0) look_at_files();
    wait_us = std::min(wait_us, due_in(look_us_));
  }
  if (ping_again_.is_due()) ping();
  wait_us = std::min(wait_us, ping_again_.wait_us());
  if (save_us_ == INT64_MAX) return wait_us;
  if (due_in(save_us_) == 0) save();
  return save_us_ == INT64_MAX ? wait_us : std::min(wait_us, due_in(save_us_));
}

std::int64_t FlagFeed::step_source() {
  const std::int64_t wait_us = source_->step();
  const http_client::EventSourceProgress progress = source_->progress();
  const PutWait wait = put_wait(progress, !awaits_put_);
  awaited_ = wait.awaited;
  const std::int64_t now_us = parts_.clock.steady_us();
  if (now_us >= wait.give_up_us) return source_->give_up(problem_without_put(progress, other_events_, now_us));
  const std::int64_t due_us = std::min(now_us < wait.say_us ? wait.say_us : INT64_MAX, wait.give_up_us);
  // A problem that told of the attempt before what is so of this one says more, and stays. How much has come changes.
  if (now_us >= wait.say_us && (awaited_ != shown_.get()->awaited || awaited_ == Awaited::rest)) {
    const auto problem = source_->completed(problem_of_wait(awaited_, progress));
    show(false, problem.text, problem.remedy, awaited_);
  }
  return due_us == INT64_MAX ? wait_us : std::min(wait_us, due_us - now_us);
}

void FlagFeed::save_soon() {
  if (save_us_ == INT64_MAX) save_us_ = parts_.clock.steady_us() + kSaveAfterMs * 1'000;
}

void FlagFeed::end(bool forget) {
  source_.reset();
  files_.reset();
  if (!forget && save_us_ != INT64_MAX) save();
  save_us_ = INT64_MAX;
  for (const auto& group : {all_, flags_, pings_}) group->close();
  if (!forget) return;
  if (const auto removed = store_.remove(); !removed)
    log_warn("relay.flags_not_removed", {{"path", store_.path()}, {"reason", removed.error().message}});
}

void FlagFeed::look_at_files() {
  look_us_ = parts_.clock.steady_us() + kLookAtFilesMs * 1'000;
  auto found = files_->look(parts_.clock.wall_ms());
  if (!found) return;
  if (!*found) {
    show(false, found->error().message,
         shown_.get()->of_former ? "Correct the files. Until then, SDKs are served what the source before said."
         : data_.snapshot()      ? "Correct the files. Until then, SDKs are served what they said before."
                                 : "Correct the files. Until then, nothing is served.");
    return;
  }
  const bool same = **found == data_.snapshot();
  data_.restore(std::move(**found));
  show(true, "", "");
  if (!same) serve(nullptr);
}

std::optional<http_client::EventSourceProblem> FlagFeed::on_connected(const http_client::HttpStreamHead& head) {
  // It is not shown as connected yet: what counts is that flags came.
  awaits_put_ = true;
  other_events_ = 0;
  FlagPath path = parse_flag_path(head.header(kPathHeaderInLowerCase), id_);
  const auto fault = fault_of_path(path, id_, environment_.flag_source.stream_uri);
  set_path(std::move(path));
  if (!fault) return std::nullopt;
  http_client::EventSourceProblem problem;
  problem.text = fault->text;
  problem.remedy = fault->remedy;
  problem.retry_after_ms = kCircleRetryMs;
  return problem;
}

// Other Sluices ask again, and hear of it.
void FlagFeed::set_path(FlagPath path) {
  std::vector<std::weak_ptr<http::HttpStream>> told_another;
  {
    const std::lock_guard lock(path_mutex_);
    if (path == path_) return;
    path_ = std::move(path);
    told_another.swap(relayed_);
  }
  for (const auto& stream : told_another)
    if (const auto open = stream.lock()) open->close();
}

std::string FlagFeed::join_relayed(const std::shared_ptr<http::HttpStream>& stream) {
  const std::lock_guard lock(path_mutex_);
  std::erase_if(relayed_, [](const auto& known) { return known.expired(); });
  relayed_.push_back(stream);
  return flag_path_text(id_, path_);
}

Result<void> FlagFeed::on_event(http_client::ServerSentEvent event) {
  // What was missed between two connections is in the put that begins the second: a change that comes before it would
  // make a state that upstream never had.
  if (awaits_put_ && event.type != "put") {
    ++other_events_;
    return {};
  }
  const auto change = data_.apply(event.type, event.data, parts_.clock.wall_ms());
  if (!change) return tl::unexpected(change.error());
  awaits_put_ = false;
  if (!shown_.get()->is_connected && data_.snapshot()) show(true, "", "");
  if (change->kind == FlagChange::Kind::none) return {};
  serve(change->kind == FlagChange::Kind::put ? nullptr : &*change);
  save_soon();
  return {};
}

void FlagFeed::on_problem(const http_client::EventSourceProblem& problem) {
  const bool is_of_wait = problem.fault == http_client::TransportFault::timeout;
  show(false, problem.text, problem.remedy, is_of_wait ? awaited_ : Awaited::nothing);
}

void FlagFeed::serve(const FlagChange* change) {
  const FlagSnapshotPtr snapshot = data_.snapshot();
  if (!snapshot) return;
  const auto before = served_->get();
  auto now = std::make_shared<const ServedFlags>(snapshot, selection_, before.get());
  const bool same = before && before->etag() == now->etag();
  served_->set(now);
  if (same) return;
  ping();
  if (pings_->count() > 0) ping_again_.note_change();
  // A switch is in the registry of flags before its catalog is here: then it comes with the first change.
  if (change != nullptr && before && now->reselected() == 0) {
    if (const auto block = now->change_event(change->item, change->key, false)) all_->publish(block);
    if (change->item == ItemKind::flag)
      if (const auto block = now->change_event(change->item, change->key, true)) flags_->publish(block);
    return;
  }
  all_->publish_staggered([served = served_] { return served->get()->all_put(); }, spread_ms(*all_));
  flags_->publish_staggered([served = served_] { return served->get()->flags_put(); }, spread_ms(*flags_));
}

void FlagFeed::ping() {
  const std::int64_t spread = spread_ms(*pings_);
  const auto paced = static_cast<std::int64_t>(pings_->count() * 1'000 / kPingsPerS);
  pings_->publish_staggered([] { return ping_block(); }, spread > 0 ? std::max(spread, paced) : 0);
}

std::int64_t FlagFeed::spread_ms(const http::StreamGroup& group) const {
  return group.count() > kManyStreams ? parts_.spread_ms : 0;
}

void FlagFeed::show(bool is_connected, std::string problem, std::string remedy, Awaited awaited) {
  const auto before = shown_.get();
  Shown shown = *before;
  if (shown.is_connected != is_connected || shown.since_ms == 0) shown.since_ms = parts_.clock.wall_ms();
  shown.is_connected = is_connected;
  if (is_connected) {
    shown.from_disk = shown.of_former = false;
    told_by_ = environment_.flag_source;
  }
  shown.problem = std::move(problem);
  shown.remedy = std::move(remedy);
  shown.awaited = awaited;
  // How much has come is no news.
  const bool news = before->problem != shown.problem && (awaited != Awaited::rest || before->awaited != awaited);
  if (news && !shown.problem.empty())
    log_warn("relay.no_flags", {{"project", environment_.project_key},
                                {"environment", environment_.key},
                                {"filter", filter_},
                                {"reason", shown.problem},
                                {"remedy", shown.remedy}});
  if (is_connected && !before->is_connected)
    log_info("relay.flags_come", {{"project", environment_.project_key},
                                  {"environment", environment_.key},
                                  {"filter", filter_},
                                  {"source", catalog::flag_source_name(environment_.flag_source.kind)},
                                  {"flags", data_.snapshot() ? data_.snapshot()->flag_count : 0}});
  shown_.set(std::make_shared<const Shown>(std::move(shown)));
}

void FlagFeed::save() {
  save_us_ = INT64_MAX;
  if (environment_.flag_source.kind != Kind::launchdarkly || shown_.get()->of_former) return unsaved_.saved();
  const FlagSnapshotPtr snapshot = data_.snapshot();
  if (!snapshot) return unsaved_.saved();
  const auto saved = store_.save(*snapshot);
  if (saved) {
    unsaved_.saved();
  } else {
    if (unsaved_.failed(saved.error().message))
      log_warn("relay.flags_not_saved", {{"path", store_.path()}, {"reason", saved.error().message}});
    save_us_ = parts_.clock.steady_us() + kSaveAgainMs * 1'000;
  }
}

void FlagFeed::join_all(const std::shared_ptr<http::HttpStream>& stream) {
  note_use();
  all_->join(stream, [served = served_] {
    const auto now = served->get();
    return now ? now->all_put() : nullptr;
  });
}

void FlagFeed::join_flags(const std::shared_ptr<http::HttpStream>& stream) {
  note_use();
  flags_->join(stream, [served = served_] {
    const auto now = served->get();
    return now ? now->flags_put() : nullptr;
  });
}

void FlagFeed::join_pings(const std::shared_ptr<http::HttpStream>& stream) {
  note_use();
  pings_->join(stream, [] { return ping_block(); });
}

FlagFeedStatus FlagFeed::status() const {
  FlagFeedStatus status;
  status.filter = filter_;
  if (const auto served = served_->get()) {
    status.has_flags = true;
    status.flags = served->snapshot().flag_count;
    status.segments = served->snapshot().segment_count;
    status.unreadable = served->unreadable();
    status.changed_ms = served->snapshot().changed_ms;
  }
  const auto shown = shown_.get();
  status.from_disk = shown->from_disk;
  status.of_former = shown->of_former;
  status.is_connected = shown->is_connected;
  status.since_ms = shown->since_ms;
  status.problem = shown->problem;
  status.remedy = shown->remedy;
  status.streams = all_->count() + flags_->count();
  status.ping_streams = pings_->count();
  return status;
}

}  // namespace sluice::relay
