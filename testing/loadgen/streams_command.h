// `loadgen streams`: its options, and what it says.
#pragma once

namespace loadgen {

int run_streams(int argc, char** argv);

}  // namespace loadgen
