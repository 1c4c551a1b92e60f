// An answer without an end that is pushed: whoever holds the stream appends blocks to it, from any thread, and its
// connection sends them as fast as the reader takes them. A block is written once, for however many streams get it, and
// is never copied for a connection; what a reader does not take waits as a pointer.
//
// What waits is bounded (HttpLimits::max_stream_waiting_bytes): a reader that lags further behind is cut off. Where a
// block is a full state, a newer one takes the place of what waits, so that a slow reader holds one old state and not
// ten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace sluice::http {

class Connection;

// Text that many streams share, and nobody changes. Never null and never empty where a block is due.
using StreamBlock = std::shared_ptr<const std::string>;
StreamBlock stream_block(std::string text);

enum class BlockKind : std::uint8_t {
  part,   // sent after all that was appended before
  state,  // the same, but all that waits and is not begun is superseded by it, and dropped
};

// Why a stream is over.
enum class StreamEnd : std::uint8_t {
  not_started,  // its answer was not sent: one stream too many, a HEAD request, a client that had left
  left,         // the reader closed the connection, or it failed
  cut,          // the reader lagged too far behind, or did not read
  finished,     // by finish() or close()
  drained,      // the server stops
};

// What a stream needs of the event loop that it is on. Any thread.
class StreamLoop {
 public:
  virtual ~StreamLoop() = default;
  // What the loop's times are measured by; that of all loops of one server. It lives as long as the loop.
  virtual const Clock& clock() const = 0;
  std::int64_t now_ms() const { return clock().steady_us() / 1000; }
  // These have something to do. The loop wakes once for all of them.
  virtual void wake_streams(std::vector<std::shared_ptr<class HttpStream>> streams) = 0;
  // Calls `job` on the loop's thread at `due_ms` (of clock(), steady). False: the loop has stopped, and it is not
  // called.
  virtual bool run_at(std::int64_t due_ms, std::function<void()> job) = 0;
};

struct StreamOptions {
  // A comment (":\n") is sent this often, so that proxies keep the connection and lost readers are found; streams that
  // begin together do not send it together. 0: none.
  std::int64_t heartbeat_ms = 0;
  // Whose share of the streams it counts against, as Admission::owner; 0: nobody's.
  std::uint64_t owner = 0;
};

// Shared by who feeds it and by its connection. Any thread, but for what is marked.
class HttpStream : public std::enable_shared_from_this<HttpStream> {
 public:
  // A block costs a pointer however small it is: no more of them wait.
  static constexpr std::size_t kMaxWaitingBlocks = 16'384;

  static std::shared_ptr<HttpStream> make(const StreamOptions& options = {});
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  // False: the stream is over, or ends now because its reader lags too far behind. A block that nothing waits before
  // may have any size.
  bool append(StreamBlock block, BlockKind kind = BlockKind::part);
  // The same for many, each of their loops woken once. Returns how many took it.
  static std::size_t append_to_all(std::span<const std::shared_ptr<HttpStream>> streams, const StreamBlock& block,
                                   BlockKind kind = BlockKind::part);
  // Ends it in order: after what was appended; after the block that is being sent.
  void finish();
  void close();

  // `ended` is called once, when the connection has ended, or now if it has; on any thread, with no lock held.
  void on_end(std::function<void(StreamEnd)> ended);
  bool ended() const;
  // Appended and not yet given to the socket.
  std::uint64_t unsent_bytes() const;
  // The loop that it is on; null before its head was sent, and when it is over.
  std::shared_ptr<StreamLoop> loop() const;
  const StreamOptions& options() const { return options_; }

 private:
  friend class Connection;
  friend class Loop;
  friend class StreamStart;
  enum class Ending : std::uint8_t { no, after_all, now };
  using Wakes = std::vector<std::pair<std::shared_ptr<StreamLoop>, std::vector<std::shared_ptr<HttpStream>>>>;

  explicit HttpStream(const StreamOptions& options) : options_(options) {}
  // What append() does, but for the waking, which is added to `wakes`.
  bool append(const StreamBlock& block, BlockKind kind, Wakes& wakes);
  void end_with(StreamEnd reason, Ending how);
  void drop_unless_begun();
  static void add_wake(Wakes& wakes, const std::shared_ptr<StreamLoop>& loop, std::shared_ptr<HttpStream> stream);
  static void wake(Wakes& wakes);

  // The connection's side, on its loop's thread. It takes the stream over with begin(), and from then on it calls
  // detach(); attach() once the head of the answer is sent.
  void begin();
  void attach(std::shared_ptr<StreamLoop> loop, Connection& connection, std::uint64_t max_waiting_bytes);
  // The connection is over, because of this if the stream was not told to end.
  void detach(StreamEnd reason);
  // What to send next: blocks of kBatchBytes together, or one. Empty: nothing for now, or `last`.
  std::vector<StreamBlock> take(bool& last);
  // Not a byte of it was sent: a state that was appended since then supersedes it.
  void put_back(std::vector<StreamBlock> blocks);
  // What is left to be sent of what was taken.
  void note_sending(std::uint64_t bytes);
  bool lags() const;

  static constexpr std::uint64_t kNoBound = std::uint64_t{1} << 62;  // until its connection says one
  static constexpr std::size_t kBatchBlocks = 16;
  static constexpr std::size_t kBatchBytes = 64 << 10;

  const StreamOptions options_;
  Connection* connection_ = nullptr;  // loop's thread
  mutable std::mutex mutex_;          // guards the rest
  std::shared_ptr<StreamLoop> loop_;
  std::vector<StreamBlock> waiting_;
  std::uint64_t waiting_bytes_ = 0, sending_bytes_ = 0;
  std::uint64_t max_waiting_bytes_ = kNoBound;
  std::vector<std::function<void(StreamEnd)>> on_end_;
  Ending ending_ = Ending::no;
  StreamEnd reason_ = StreamEnd::finished;  // with ending_
  bool begun_ = false, woken_ = false, lags_ = false, ended_ = false;
  bool superseded_ = false;  // a state was appended since the last take()
};

// A stream on its way into an answer: dropped with an answer that is not sent, it ends as `not_started`.
class StreamStart {
 public:
  StreamStart() = default;
  StreamStart(std::shared_ptr<HttpStream> stream);  // NOLINT(google-explicit-constructor): response.stream = stream
  explicit operator bool() const { return started_ != nullptr; }
  const std::shared_ptr<HttpStream>& stream() const { return *started_; }

 private:
  std::shared_ptr<std::shared_ptr<HttpStream>> started_;
};

}  // namespace sluice::http
