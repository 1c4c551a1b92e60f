// The streams of one key or environment: what is published to a group goes to every stream in it, in the same order; to
// those that joined first, first. A stream leaves by itself when it is over.
//
// Who joins gets the full state first, and then every change after it: both happen under the group's lock, as every
// publish does. Hence whoever publishes a change first changes what the state source returns, and then publishes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "http/stream.h"

namespace sluice::http {

// Shared by who publishes and by the ends of its streams. All streams of a group belong to one server. Any thread.
class StreamGroup : public std::enable_shared_from_this<StreamGroup> {
 public:
  // The full state as it is now; null: there is none yet. Called with the group's lock held, on any thread: it calls no
  // method of the group.
  using StateSource = std::function<StreamBlock()>;
  // Those that are due within this of each other get a staggered state together.
  static constexpr std::int64_t kStepMs = 20;

  static std::shared_ptr<StreamGroup> make() { return std::shared_ptr<StreamGroup>(new StreamGroup); }
  StreamGroup(const StreamGroup&) = delete;
  StreamGroup& operator=(const StreamGroup&) = delete;

  // A stream joins one group, once. `state`, if there is one, is the first that the stream gets of the group.
  void join(const std::shared_ptr<HttpStream>& stream, const StateSource& state = nullptr);
  // Returns to how many. A part does not go to those that still wait for their turn of a staggered state: what it
  // changes is in that state, and it must not come before it.
  std::size_t publish(const StreamBlock& block, BlockKind kind = BlockKind::part);
  // Each stream gets the state as it is when its turn comes, within `duration_ms`, the turns spread evenly. One that
  // still waits for its turn of an earlier call keeps it, so that frequent calls keep nobody waiting. One
  // whose answer has not begun gets it now; who joins later is not concerned.
  void publish_staggered(StateSource state, std::int64_t duration_ms);
  // Closes all of them (HttpStream::close), and those that join from now on.
  void close();
  std::size_t count() const;

 private:
  // Of a member, counted from the first that joined: all is done in this order, so that a run can be replayed.
  using Number = std::uint64_t;
  struct Turn {
    std::int64_t due_ms;  // of the loops' clock
    Number member;
  };
  struct Member {
    std::shared_ptr<HttpStream> stream;
    bool has_turn = false;
  };

  StreamGroup() = default;
  void leave(Number member);
  void run_turns(std::int64_t now_ms);
  void arm();

  mutable std::mutex mutex_;  // guards all below
  std::map<Number, Member> members_;
  Number joined_ = 0;
  std::deque<Turn> turns_;  // by when they are due
  StateSource staggered_state_;
  bool armed_ = false, closed_ = false;
};

}  // namespace sluice::http
