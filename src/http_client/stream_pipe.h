// The bounded buffer between a transport, which puts in what comes from the server, and the taker of the stream.
// What all transports do alike is here: the order of what is taken, back-pressure, and that nobody is called too late.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

#include "http_client/http_stream.h"

namespace sluice::http_client {

class StreamPipe {
 public:
  // `ready`: see HttpStreamTransport::open(). `wanted`: there is room again after put() refused, or the taker has
  // cancelled; called on the taker's thread until end() returns. It may put and end.
  StreamPipe(std::size_t max_buffered_bytes, std::function<void()> ready, std::function<void()> wanted);

  // The transport's side, one thread at a time.
  void put_head(HttpStreamHead head);
  // False: there is no room, and nothing of it is taken. It takes the bytes whole if there is room for one.
  bool put(std::string_view bytes);
  void end(HttpStreamEnd end);
  bool is_cancelled() const;

  // The taker's side.
  HttpStreamPart take();
  void cancel();  // any thread, and more than once

 private:
  void notify();

  const std::size_t max_buffered_bytes_;

  mutable std::mutex mutex_;
  HttpStreamPart part_;        // guarded by mutex_: not taken yet
  bool is_notified_ = false;   // guarded by mutex_: `ready` was called since the last take()
  bool has_refused_ = false;   // guarded by mutex_
  bool is_cancelled_ = false;  // guarded by mutex_

  // A call that one side leaves to the other: not running any more when forget() returns, unless that is within it.
  class Call {
   public:
    explicit Call(std::function<void()> function);
    void operator()();
    void forget();

   private:
    std::recursive_mutex mutex_;  // held during the call; never locked inside the pipe's mutex
    std::shared_ptr<const std::function<void()>> function_;  // guarded by mutex_; null: forgotten
  };
  Call ready_;   // until the taker cancels
  Call wanted_;  // until the transport ends it
};

// The taker's handle of a pipe.
std::unique_ptr<HttpStream> stream_of(std::shared_ptr<StreamPipe> pipe);

}  // namespace sluice::http_client
