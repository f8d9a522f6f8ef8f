// Every operation on tensors.
#pragma once

#include "autograd/ops/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/fused.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/random.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/unary.h"
#include "autograd/ops/view.h"
