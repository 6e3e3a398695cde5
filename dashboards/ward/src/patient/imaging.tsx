import { useEffect, useRef, useState } from 'preact/hooks';
import { imagePath } from '../api.js';
import { ageText, capital, momentText, percent } from '../format.js';
import { Icon } from '../icons.js';
import type { ImageView } from '../protocol.js';
import { whyNotScored } from './marks.js';

interface ImagingProps {
  readonly patientId: string;
  /** Newest first. */
  readonly images: readonly ImageView[];
  readonly fault: string;
  readonly chosen: string | null;
  readonly now: number;
}

/** The images and what the encoder found in each; one opens large beside its finding. */
export function Imaging({ patientId, images, fault, chosen, now }: ImagingProps) {
  const [opened, setOpened] = useState<ImageView | null>(null);
  useEffect(() => {
    setOpened(images.find(({ imageId }) => imageId === chosen) ?? null);
  }, [chosen]);
  if (fault !== '') return <p class="fault">{fault}</p>;
  if (images.length === 0) return <p class="empty">No image yet.</p>;
  return (
    <>
      <ul data-testid="images">
        {images.map((image) => (
          <li key={image.imageId} class="entry">
            <button type="button" class="image" onClick={() => setOpened(image)}>
              <Picture patientId={patientId} image={image} />
              <Caption image={image} now={now} />
            </button>
          </li>
        ))}
      </ul>
      {opened !== null && (
        <ImageDialog patientId={patientId} image={opened} now={now} onClose={() => setOpened(null)} />
      )}
    </>
  );
}

interface ImageDialogProps {
  readonly patientId: string;
  readonly image: ImageView;
  readonly now: number;
  readonly onClose: () => void;
}

function ImageDialog({ patientId, image, now, onClose }: ImageDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="viewer" aria-label="Image and finding" onClose={onClose} data-testid="viewer">
      <Picture patientId={patientId} image={image} />
      <div>
        <Caption image={image} now={now} />
        <p class="note">
          The finding is what the encoder computes from the picture. It is one input of the risk, not a
          report.
        </p>
        <button type="button" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
          Close
        </button>
      </div>
    </dialog>
  );
}

function Caption({ image, now }: { readonly image: ImageView; readonly now: number }) {
  const { modality, bodySite, eventTime, finding } = image;
  return (
    <span class="caption">
      <b>
        {modality} {bodySite.toLowerCase()}
      </b>
      <span class="note">
        {momentText(eventTime)} ({ageText(Math.max(0, now - eventTime))})
      </span>
      {finding === null ? (
        <span class="note">{capital(whyNotScored(image))}.</span>
      ) : (
        <>
          <span>
            {finding.label}: <b>{percent(finding.probability)}</b>
          </span>
          <meter min={0} max={1} value={finding.probability} aria-label={`Probability of ${finding.label}`} />
          <span class="note">
            Encoder {finding.encoder}
            {finding.caution === undefined ? '' : `, ${finding.caution}`}
          </span>
        </>
      )}
    </span>
  );
}

interface PictureProps {
  readonly patientId: string;
  readonly image: ImageView;
}

/** The image itself, or why it cannot be shown. */
function Picture({ patientId, image }: PictureProps) {
  const { imageId, hasBytes, modality, bodySite } = image;
  const [failed, setFailed] = useState('');
  if (!hasBytes) return <span class="picture note">The image is kept elsewhere.</span>;
  if (failed === imageId) return <span class="picture note">The image could not be read.</span>;
  return (
    <img
      class="picture"
      src={imagePath(patientId, imageId)}
      alt={`${modality} ${bodySite.toLowerCase()}`}
      onError={() => setFailed(imageId)}
    />
  );
}
