/** Messages a second from the first to the last: of time, and of this process's processor time, which other work does not disturb. */
export class Rate {
  #first = 0;
  #cpu = process.cpuUsage();
  #firstCount = 0;
  count = 0;

  add(count) {
    if (this.#first === 0 && count > 0) {
      this.#first = performance.now();
      this.#cpu = process.cpuUsage();
      this.#firstCount = count;
    }
    this.count += count;
  }

  get reached() {
    const count = this.count - this.#firstCount;
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      perSecond: (count * 1000) / (performance.now() - this.#first),
      perCpuSecond: (count * 1e6) / (user + system),
    };
  }
}
