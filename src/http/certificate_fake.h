// A self-signed certificate for a server of a test, in two files that go away with it.
#pragma once

#include "http/server.h"

namespace sluice::http {

struct Certificate {
  Certificate();
  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  HttpTls files;
};

}  // namespace sluice::http
