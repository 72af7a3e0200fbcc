/** TensorFlow.js on WebGPU. Matrix products only. */
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-webgpu";
import { numbers, serve } from "./serve.ts";

await tf.setBackend("webgpu");
await tf.ready();

const [AS_IS, TURNED] = [false, true];

await serve({
  matmul: ([m, k, n]) => {
    const x = tf.tensor2d(numbers(m! * k!, 7919), [m!, k!]);
    const w = tf.tensor2d(numbers(n! * k!, 104729), [n!, k!]);
    const product = () => tf.matMul(x, w, AS_IS, TURNED);
    const corner = async (
      y: tf.Tensor,
    ) => [...await tf.slice(y as tf.Tensor2D, [0, 0], [1, 4]).data()];
    return Promise.resolve({
      run: async (repeat) => {
        const all = Array.from({ length: repeat }, product);
        await corner(all.at(-1)!);
        all.forEach((y) => y.dispose());
      },
      values: () => corner(product()),
    });
  },
});
