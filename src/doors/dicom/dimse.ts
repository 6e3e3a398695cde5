import type { Socket } from 'node:net';
import type { DicomDoorConfig } from '../../settings/dicom-doors.js';
import { Connections } from '../connections.js';
import { Deliverer } from '../deliverer.js';
import type { Door, DoorContext } from '../door.js';
import { Association, type AssociationOptions } from './association.js';
import { Room } from './gathering.js';
import { abort, PduFault, PduReader } from './pdu.js';
import { DicomReceiver } from './receiver.js';
import { loadDicomSender } from './sender.js';

/** A door for DICOM's own protocol (PS3.8): C-ECHO and C-STORE, with TLS where the settings say so. */
export class DicomDoor implements Door {
  readonly name: string;
  readonly #config: DicomDoorConfig;
  readonly #context: DoorContext;
  readonly #options: AssociationOptions;
  readonly #connections: Connections;

  private constructor(config: DicomDoorConfig, context: DoorContext) {
    this.name = config.name ?? `dicom-${config.port}`;
    this.#config = config;
    this.#context = context;
    const { maxObjectBytes, maxAgeMs, maxPduBytes, maxConnections, aeTitle, callers } = config;
    const receiver = new DicomReceiver(this.name, {
      sender: loadDicomSender(config.sender),
      limits: { maxObjectBytes, maxAgeMs },
      context,
      deliverer: new Deliverer(this.name, context),
    });
    const room = new Room(config.maxBytes);
    const isBusy = () => this.#connections.count > maxConnections;
    this.#options = { receiver, aeTitle, callers, maxPduBytes, maxObjectBytes, room, isBusy };
    this.#connections = new Connections({
      name: this.name,
      place: { ...config, protocol: 'dicom' },
      context,
      // Who is one too many is told so; of a crowd nobody is.
      most: 2 * maxConnections,
      serve: (socket) => this.#serve(socket),
    });
  }

  /** @throws WardstreamError `WS_CONFIG` where the sender's file or the certificate is wrong, `WS_PORT_IN_USE` where the port is. */
  static async open(config: DicomDoorConfig, context: DoorContext): Promise<DicomDoor> {
    const door = new DicomDoor(config, context);
    await door.#connections.listen();
    return door;
  }

  get address(): string {
    return this.#connections.address;
  }

  /** Takes no more; what has been received goes to the log and is answered, then the association is aborted. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #serve(socket: Socket): Promise<void> {
    const units = new PduReader(this.#config.maxPduBytes);
    const association = new Association(socket, this.#options);
    const connections = this.#connections;
    socket.setTimeout(this.#config.idleMs);
    socket.on('timeout', () => {
      if (connections.isBusy(socket)) return;
      connections.cut('idle', `nothing came over an association for ${this.#config.idleMs} ms`);
      socket.destroy();
    });
    const taken = async (chunk: Buffer) => {
      try {
        for (const unit of units.push(chunk)) if (!(await association.take(unit))) return false;
        return true;
      } catch (error) {
        if (!(error instanceof PduFault)) throw error;
        connections.cut('protocol', `an association was aborted: ${error.message}`);
        socket.write(abort(error.reason));
        return false;
      }
    };
    try {
      await connections.read(socket, taken);
    } finally {
      // What was begun and not ended leaves nothing behind: its sender has no answer, and sends it again.
      if (association.isWithin && !connections.closing.aborted)
        this.#context.meters.cut(this.name, 'aborted');
      association.end();
    }
  }
}
