// A sink whose every answer a test decides, also while a worker's thread steps it. It holds what it was given until
// told to finish it.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "export/sink.h"

namespace sluice::exporting {

class FakeSink final : public Sink {
 public:
  explicit FakeSink(std::size_t room) : room_(room) {}

  bool has_room() const override { return inside() < locked(room_); }
  void put(OutboundEvent event) override;
  std::int64_t step(std::int64_t now_us, std::vector<FinishedEvent>& finished) override;
  std::optional<Problem> problem() const override { return locked(problem_); }
  std::vector<Problem> notes() const override { return {}; }
  SinkStats stats() const override;
  void stop() override { set(stopped_, true); }
  void begin(const EventPlace& cursor) override;
  void cursor_saved(const EventPlace& cursor) override { set(saved_, std::optional(cursor)); }
  void passed(const EventPlace& place) override { set(passed_, std::optional(place)); }
  // Asked for a place behind that of set_held(), it says that; what was delivered is handed over once.
  std::optional<HeldAlone> take_held_alone(const EventPlace& before) override;
  bool may_hold_alone(const EventPlace& from, const EventPlace& to) const override;
  void flush() override { set(flushed_, true); }
  void window_is_full() override { set(window_was_full_, true); }
  void can_read_again(ReadAgain read_again) override { read_again_ = std::move(read_again); }
  const ReadAgain& read_again() const { return read_again_; }
  bool must_restart() const override { return locked(lost_); }
  std::size_t max_window_events() const override { return window_; }
  std::int64_t read_patience_us() const override { return read_patience_us_; }

  // Whether events are finished at the next step, in the order put in.
  void answer_all(bool on) { set(answer_all_, on); }
  // Finishes this many of those inside at the next step, the newest first, as answers that overtake each other do.
  void answer_newest(std::size_t count) { set(answer_newest_, count); }
  // Finished as a dead letter instead, when the record holds this text.
  void refuse(std::string text) { set(refused_, std::move(text)); }
  void set_problem(std::optional<Problem> problem) { set(problem_, std::move(problem)); }

  // Every record ever finished as delivered, in order, and how often.
  std::vector<std::string> delivered() const { return locked(delivered_); }
  std::size_t inside() const;
  // What a disk that fails does to a sink that keeps events there: begin() follows.
  void lose_all() { set(lost_, true); }
  // What it holds alone, at that place; nothing: it does not know yet.
  void set_held(EventPlace place, std::optional<HeldAlone> held) {
    set(held_place_, place);
    set(held_, held);
  }
  void set_window(std::size_t events) { window_ = events; }
  void set_read_patience_us(std::int64_t us) { read_patience_us_ = us; }
  void set_room(std::size_t events) { set(room_, events); }
  std::vector<EventPlace> begun_at() const { return locked(begun_at_); }
  std::vector<EventPlace> places_put() const { return locked(places_put_); }
  std::optional<EventPlace> saved() const { return locked(saved_); }
  std::optional<EventPlace> passed_place() const { return locked(passed_); }
  bool flushed() const { return locked(flushed_); }
  bool window_was_full() const { return locked(window_was_full_); }
  bool stopped() const { return locked(stopped_); }

 private:
  void finish(const OutboundEvent& event, std::vector<FinishedEvent>& finished);

  template <typename T>
  T locked(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }
  template <typename T>
  void set(T& member, T value) {
    const std::lock_guard lock(mutex_);
    member = std::move(value);
  }

  ReadAgain read_again_;
  mutable std::mutex mutex_;
  std::size_t room_;
  std::deque<OutboundEvent> inside_;
  std::vector<std::string> delivered_;
  std::optional<Problem> problem_;
  std::string refused_;
  bool answer_all_ = false;
  std::size_t answer_newest_ = 0;
  bool stopped_ = false, lost_ = false, flushed_ = false, window_was_full_ = false;
  std::size_t window_ = kMaxWindowEvents;
  std::int64_t read_patience_us_ = 0;
  std::vector<EventPlace> begun_at_, places_put_;
  std::optional<EventPlace> saved_, passed_;
  EventPlace held_place_;
  std::optional<HeldAlone> held_ = HeldAlone{};
};

}  // namespace sluice::exporting
