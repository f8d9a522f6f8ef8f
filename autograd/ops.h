// Every operation on tensors.
#pragma once

#include "autograd/ops/activation.h"
#include "autograd/ops/arrange.h"
#include "autograd/ops/binary.h"
#include "autograd/ops/convert.h"
#include "autograd/ops/einsum.h"
#include "autograd/ops/fused.h"
#include "autograd/ops/index.h"
#include "autograd/ops/linalg.h"
#include "autograd/ops/matmul.h"
#include "autograd/ops/random.h"
#include "autograd/ops/reduce.h"
#include "autograd/ops/softmax.h"
#include "autograd/ops/statistics.h"
#include "autograd/ops/unary.h"
#include "autograd/ops/view.h"
