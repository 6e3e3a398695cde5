"""Makes pictures with pydicom and sends them with pynetdicom, or over HTTP: `store PORT`, `odd PORT`, `stow URL`. Prints what was answered."""

import io
import json
import sys
import urllib.request

import numpy
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)
from pynetdicom import AE
from pynetdicom.sop_class import Verification

PLAIN = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian]
PACKED = [RLELossless, JPEGLSLossless, JPEG2000Lossless]


def picture(patient="p1"):
    """61 × 47 pixels of 12 bits."""
    values = numpy.arange(61 * 47, dtype=numpy.uint32).reshape(47, 61)
    pixels = ((values * 37 + values**2 % 251) % 4096).astype(numpy.uint16)
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.PatientID = patient
    data.Modality = "CR"
    data.BodyPartExamined = "CHEST"
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelData = pixels.tobytes()
    return data, int(pixels.sum())


def in_syntax(syntax):
    data, total = picture()
    if syntax in PACKED:
        data.compress(syntax)
    elif syntax == ExplicitVRBigEndian:
        data["PixelData"].VR = "OW"
        data.PixelData = numpy.frombuffer(data.PixelData, dtype="<u2").byteswap().tobytes()
    data.file_meta.TransferSyntaxUID = syntax
    return data, total


def associate(port, *contexts):
    ae = AE(ae_title="PYNETDICOM")
    for context in contexts:
        ae.add_requested_context(*context)
    return ae.associate("127.0.0.1", int(port), ae_title="WARD")


def said(name, status, syntax="", total=0):
    return {"name": name, "status": status, "syntax": syntax, "sum": total}


def store(port):
    out = []
    for syntax in [*PLAIN, *PACKED]:
        data, total = in_syntax(syntax)
        peer = associate(port, (ComputedRadiographyImageStorage, syntax))
        out.append(said(syntax.name, peer.send_c_store(data).Status, syntax, total))
        peer.release()
    return out


def odd(port):
    peer = associate(port, (Verification,), (ComputedRadiographyImageStorage, ExplicitVRLittleEndian))
    out = [said("echo", peer.send_c_echo().Status)]
    out.append(said("no patient", peer.send_c_store(picture("")[0]).Status))
    ct = associate(port, (CTImageStorage, ExplicitVRLittleEndian))
    out.append(said("CT class", -1 if ct.rejected_contexts else 0))
    ct.abort()
    peer.abort()
    data, _ = picture()
    for name in ["again", "and again"]:
        peer = associate(port, (ComputedRadiographyImageStorage, ExplicitVRLittleEndian))
        out.append(said(name, peer.send_c_store(data).Status))
        peer.release()
    return out


def stow(url):
    parts = []
    for data, _ in (in_syntax(ExplicitVRLittleEndian), in_syntax(JPEG2000Lossless)):
        file = io.BytesIO()
        data.save_as(file, enforce_file_format=True)
        parts.append(b"--B\r\nContent-Type: application/dicom\r\n\r\n" + file.getvalue() + b"\r\n")
    headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=B'}
    request = urllib.request.Request(url, b"".join(parts) + b"--B--\r\n", headers)
    with urllib.request.urlopen(request) as response:
        return [said("stow", response.status)]


if __name__ == "__main__":
    print(json.dumps({"store": store, "odd": odd, "stow": stow}[sys.argv[1]](sys.argv[2])))
