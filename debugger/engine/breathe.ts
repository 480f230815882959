/**
 * Lets messages that wait be handled. By a message to oneself: it comes after those that are there
 * already, where a timer takes 4 ms when it is set again and again.
 */
export const breathe = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
